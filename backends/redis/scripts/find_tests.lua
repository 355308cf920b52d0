-- Listed tests in order. KEYS: sorted names (members are name, zero, id in 4 bytes), bits of the listed ids.
-- ARGV: lower and upper bound, text that names contain, limit. Answers name, id, name, id, …
local found, from, limit = {}, ARGV[1], tonumber(ARGV[4])
while #found < 2 * limit do
  local members = redis.call('ZRANGEBYLEX', KEYS[1], from, ARGV[2], 'LIMIT', 0, 500)
  for _, member in ipairs(members) do
    local name, id = member:sub(1, -6), struct.unpack('>I4', member, #member - 3)
    if #found < 2 * limit and name:find(ARGV[3], 1, true) and redis.call('GETBIT', KEYS[2], id) == 1 then
      found[#found + 1] = name
      found[#found + 1] = id
    end
  end
  if #members < 500 then break end
  from = '(' .. members[#members]
end
return found
