-- Documents of a collection in order. KEYS: rows, keys, attributes, unique pairs. ARGV: 1, 2 bounds of the keys without
-- their '[' or '(', 2 may be "" (no bound); 3 "desc" or "asc"; 4 limit; 5 a unique pair (then only the
-- one that holds it, wherever it is), or ""; from 6 attributes, as their members begin. Answers key, row, …
local found, limit, descending = {}, tonumber(ARGV[4]), ARGV[3] == 'desc'
local driving, fewest = nil, math.huge
for i = 6, #ARGV do
  local number = redis.call('ZLEXCOUNT', KEYS[3], '[' .. ARGV[i], '(' .. ARGV[i]:sub(1, -2) .. '\1')
  if number < fewest then fewest, driving = number, i end
end

local prefix = driving and ARGV[driving] or ''
local from = '[' .. prefix .. ARGV[1]
local to = '+'
if ARGV[2] ~= '' then
  to = '(' .. prefix .. ARGV[2]
elseif driving then
  to = '(' .. prefix:sub(1, -2) .. '\1'
end

local function take(key)
  for i = 6, #ARGV do
    if i ~= driving and not redis.call('ZSCORE', KEYS[3], ARGV[i] .. key) then return end
  end
  found[#found + 1] = key
  found[#found + 1] = redis.call('HGET', KEYS[1], key)
end

if ARGV[5] ~= '' then
  local holder = redis.call('HGET', KEYS[4], ARGV[5])
  driving = nil
  if holder then take(holder) end
  return found
end

local command = descending and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
if descending then from, to = to, from end
while #found < 2 * limit do
  local members = redis.call(command, driving and KEYS[3] or KEYS[2], from, to, 'LIMIT', 0, 200)
  for _, member in ipairs(members) do
    if #found < 2 * limit then take(member:sub(#prefix + 1)) end
  end
  if #members < 200 then break end
  from = '(' .. members[#members]
end
return found
