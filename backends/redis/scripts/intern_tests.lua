-- Ids of tests. KEYS: sorted names (members are name, zero, id in 4 bytes), list of names by id. ARGV: "make"
-- or "find", names. Answers the ids; "make" gives out new ones, "find" answers -1 where there is none.
local ids = {}
for i = 2, #ARGV do
  local name = ARGV[i]
  local range = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. name .. '\0', '(' .. name .. '\1', 'LIMIT', 0, 1)
  if range[1] then
    ids[i - 1] = struct.unpack('>I4', range[1], #name + 2)
  elseif ARGV[1] == 'make' then
    ids[i - 1] = redis.call('RPUSH', KEYS[2], name) - 1
    redis.call('ZADD', KEYS[1], 0, name .. '\0' .. struct.pack('>I4', ids[i - 1]))
  else
    ids[i - 1] = -1
  end
end
return ids
