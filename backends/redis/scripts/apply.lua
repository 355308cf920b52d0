-- Compare and write: all or nothing.
-- ARGV[1]: how many arguments were staged in the last key; the others are in ARGV from 2 on, after those.
-- Arguments: number of expectations, each (key, field, bytes, value): the field of the hash begins so, a
-- missing one reads as empty; then operations, each (command, key, number of arguments, arguments…).
-- Answers 0 (done), n (the n-th expectation does not hold), -1 (what was staged is gone).
local arguments, at = ARGV, 2
local staged = tonumber(ARGV[1])
if staged > 0 then
  arguments = redis.call('LRANGE', KEYS[#KEYS], 0, -1)
  redis.call('UNLINK', KEYS[#KEYS])
  if #arguments ~= staged then return -1 end
  for i = 2, #ARGV do arguments[staged + i - 1] = ARGV[i] end
  at = 1
end

local expectations = tonumber(arguments[at])
at = at + 1
for i = 1, expectations do
  local value = redis.call('HGET', KEYS[tonumber(arguments[at])], arguments[at + 1]) or ''
  if value:sub(1, tonumber(arguments[at + 2])) ~= arguments[at + 3] then return i end
  at = at + 4
end

-- Lists tests: sets the bits of their ids. The first argument is the list of all names.
local function list_tests(key, first, last)
  local tests = redis.call('LLEN', KEYS[tonumber(arguments[first])])
  for i = first + 1, last do
    if tonumber(arguments[i]) < tests then redis.call('SETBIT', key, arguments[i], 1) end
  end
end

-- Deletes raw durations of one run: members are timeline, chunk, serial (4 bytes each), blob.
local function delete_durations(key, first)
  local range = redis.call('ZRANGEBYLEX', key, arguments[first], arguments[first + 1])
  for _, member in ipairs(range) do
    if member:sub(9, 12) == arguments[first + 2] then redis.call('ZREM', key, member) end
  end
end

while at <= #arguments do
  local command, key = arguments[at], KEYS[tonumber(arguments[at + 1])]
  local first = at + 3
  local last = at + 2 + tonumber(arguments[at + 2])
  if command == 'list_tests' then
    list_tests(key, first, last)
  elseif command == 'delete_durations' then
    delete_durations(key, first)
  else
    redis.call(command, key, unpack(arguments, first, last))
  end
  at = last + 1
end
return 0
