-- Runs of a suite, or their number. KEYS: rows, the order's sorted set, attributes, public ids.
-- ARGV: 1 "count" or "rows"; 2 limit; 3, 4 bounds within the order; 5 "desc" or "asc"; 6 how many runs are few;
-- conditions, empty where there is none: 7 id; 8 digest; 9 states (a byte each); 10 timelines (4 bytes each);
-- 11-16 from and to of position, start, receipt (8 bytes each); from 17 attributes, as their members begin.
-- Answers the number; or 1 if the rows are in order and complete (0: all that there are, in any order), then
-- reference, row, reference, row, …
local counting, limit = ARGV[1] == 'count', tonumber(ARGV[2])
local id, digest, states = ARGV[7], ARGV[8], ARGV[9]
local timelines, ranges, driving = nil, {}, nil

if ARGV[10] ~= '' then
  timelines = {}
  for i = 1, #ARGV[10], 4 do timelines[ARGV[10]:sub(i, i + 3)] = true end
end
for i = 0, 2 do
  local from, to = ARGV[11 + 2 * i], ARGV[12 + 2 * i]
  if from ~= '' or to ~= '' then ranges[#ranges + 1] = {8 * i + 1, from, to} end
end
local needs_row = not counting or digest ~= '' or states ~= '' or #ranges > 0

-- Numbers of 64 bits do not fit into Lua's, and strings compare by the locale.
local function less(a, b)
  local a1, a2 = struct.unpack('>I4I4', a)
  local b1, b2 = struct.unpack('>I4I4', b)
  return a1 < b1 or (a1 == b1 and a2 < b2)
end

local function accepts_row(row)
  if states ~= '' and not states:find(row:sub(25, 25), 1, true) then return false end
  if digest ~= '' and (row:byte(26) ~= #digest or row:sub(27, 26 + #digest) ~= digest) then return false end
  for _, range in ipairs(ranges) do
    local value = row:sub(range[1], range[1] + 7)
    if range[2] ~= '' and less(value, range[2]) then return false end
    if range[3] ~= '' and less(range[3], value) then return false end
  end
  return true
end

local found, count = {1}, 0
local function take(ref)
  if timelines and not timelines[ref:sub(1, 4)] then return end
  for i = 17, #ARGV do
    if i ~= driving and not redis.call('ZSCORE', KEYS[3], ARGV[i] .. ref) then return end
  end
  local row = needs_row and redis.call('HGET', KEYS[1], ref)
  if needs_row and not (row and accepts_row(row)) then return end
  count = count + 1
  if not counting then
    found[#found + 1] = ref
    found[#found + 1] = row
  end
end

local function walk(key, from, to, descending)
  local command = descending and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
  if descending then from, to = to, from end
  while count < limit do
    local members = redis.call(command, key, from, to, 'LIMIT', 0, 500)
    for _, member in ipairs(members) do
      if count < limit then take(member:sub(-8)) end
    end
    if #members < 500 then return end
    from = '(' .. members[#members]
  end
end

-- Prefixes end with a zero byte, so a one in its place is the bound of what begins so.
local function bounds(prefix) return '[' .. prefix, '(' .. prefix:sub(1, -2) .. '\1' end

local fewest = math.huge
for i = 17, #ARGV do
  local from, to = bounds(ARGV[i])
  local number = redis.call('ZLEXCOUNT', KEYS[3], from, to)
  if number < fewest then fewest, driving = number, i end
end

if id ~= '' then
  driving, found[1], limit = nil, 0, math.huge
  local ref = redis.call('HGET', KEYS[4], id)
  if ref then take(ref) end
elseif driving and (counting or fewest <= tonumber(ARGV[6])) then
  found[1], limit = 0, math.huge
  local from, to = bounds(ARGV[driving])
  walk(KEYS[3], from, to, false)
else
  driving = nil
  if counting then limit = math.huge end
  walk(KEYS[2], ARGV[3], ARGV[4], ARGV[5] == 'desc')
end
return counting and count or found
