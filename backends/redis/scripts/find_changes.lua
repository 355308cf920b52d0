-- Changes of some tests on all timelines. KEYS: changes, timeline ids. ARGV: tests (4 bytes each). Answers
-- field, value, …
local found = {}
local timelines = redis.call('HLEN', KEYS[2])
for _, test in ipairs(ARGV) do
  for timeline = 1, timelines do
    local field = test .. struct.pack('>I4', timeline)
    local value = redis.call('HGET', KEYS[1], field)
    if value then
      found[#found + 1] = field
      found[#found + 1] = value
    end
  end
end
return found
