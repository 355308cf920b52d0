-- Ids of keys, made where missing: dense, counted from ARGV[1]. KEYS: hash key -> id, list of keys (may be
-- left out). ARGV[2]: how many there may be at most. Answers the ids, or -1 if they do not fit (nothing is
-- added then).
local ids, missing = {}, {}
local first, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local size = redis.call('HLEN', KEYS[1])
for i = 3, #ARGV do
  local id = redis.call('HGET', KEYS[1], ARGV[i])
  if id then
    ids[i - 2] = tonumber(id)
  else
    local new = missing[ARGV[i]]
    if not new then
      new = first + size
      size = size + 1
      missing[ARGV[i]] = new
      missing[#missing + 1] = ARGV[i]
    end
    ids[i - 2] = new
  end
end
if size > limit then return -1 end
for _, key in ipairs(missing) do
  redis.call('HSET', KEYS[1], key, missing[key])
  if KEYS[2] then redis.call('RPUSH', KEYS[2], key) end
end
return ids
