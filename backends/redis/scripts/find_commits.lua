-- Commits of a repository. KEYS: commits, branches, names. ARGV: 1 what to read: "commits" or "branch" (in
-- order, within the bounds 2 and 3, 4 "desc" or "asc", at most 5, those that contain the text 6, which is in
-- lower case) or "names" (all that have a name within the bounds, in any order). Answers the members.
local what, from, to, limit, text = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[6]

local function commit(key)
  local range = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. key, '(' .. key:sub(1, -2) .. '\1', 'LIMIT', 0, 1)
  return range[1]
end

-- Behind the key (position, branch, id) stand the texts, each behind its size.
local function contains(member)
  if text == '' then return true end
  local at = member:find('\0', member:find('\0', 9, true) + 1, true) + 1
  for i = 1, 4 do
    local size = struct.unpack('>I4', member, at)
    if member:sub(at + 4, at + 3 + size):lower():find(text, 1, true) then return true end
    at = at + 4 + size
  end
  return false
end

-- The member of a branch is branch, zero, position (8 bytes), id, zero.
local function key_of_branch(member)
  local zero = member:find('\0', 1, true)
  return member:sub(zero + 1, zero + 8) .. member:sub(1, zero) .. member:sub(zero + 9)
end

-- The member of a name is a letter, the name, the key; revisions have 8 bytes, the others end with a zero.
local function key_of_name(member)
  if member:sub(1, 1) == 'r' then return member:sub(10) end
  return member:sub(member:find('\0', 1, true) + 1)
end

local found = {}
if what == 'names' then
  for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[3], from, to)) do
    found[#found + 1] = commit(key_of_name(member))
  end
  return found
end

local descending = ARGV[4] == 'desc'
local command = descending and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
if descending then from, to = to, from end
local key = what == 'branch' and KEYS[2] or KEYS[1]
local step = math.min(limit, 500)
while #found < limit do
  local members = redis.call(command, key, from, to, 'LIMIT', 0, step)
  for _, member in ipairs(members) do
    local row = what == 'branch' and commit(key_of_branch(member)) or member
    if row and #found < limit and contains(row) then found[#found + 1] = row end
  end
  if #members < step then break end
  from = '(' .. members[#members]
end
return found
