-- Branches of a repository. KEYS: branches (members are branch, zero, …). ARGV: how they begin.
local found, from = {}, '[' .. ARGV[1]
while true do
  local member = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, 1)[1]
  local branch = member and member:sub(1, member:find('\0', 1, true) - 1)
  if not branch or branch:sub(1, #ARGV[1]) ~= ARGV[1] then return found end
  found[#found + 1] = branch
  from = '[' .. branch .. '\1'
end
