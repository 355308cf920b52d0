-- Listed tests in order. KEYS: listed names, hash name -> id. ARGV: lower and upper bound, text that names
-- contain, limit. Answers name, id, name, id, …
local found, from, limit = {}, ARGV[1], tonumber(ARGV[4])
while #found < 2 * limit do
  local names = redis.call('ZRANGEBYLEX', KEYS[1], from, ARGV[2], 'LIMIT', 0, 500)
  for _, name in ipairs(names) do
    if name:find(ARGV[3], 1, true) and #found < 2 * limit then
      found[#found + 1] = name
      found[#found + 1] = redis.call('HGET', KEYS[2], name)
    end
  end
  if #names < 500 then break end
  from = '(' .. names[#names]
end
return found
