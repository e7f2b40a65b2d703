-- The access rules. Their version stands in a key of its own, which every admission reads, and again before
-- their text: what does not fit together was not written by this script.
-- KEYS: the version; '<version> <text>'.
-- ARGV: 'get'                                returns { 0 } none, { 1, version, text }, { 3 } corrupt
--       'put', now, expected, life_ms, text  returns { 1, version }, or { 0 } where another version stands

if ARGV[1] == 'get' then
  local version, text = integer(read(KEYS[1])), read(KEYS[2])
  if not version and not text then
    return { 0 }
  end
  local written, rules = string.match(text or '', '^(%d+) (.*)$')
  if not version or integer(written) ~= version then
    return { 3 }
  end
  return { 1, version, rules }
end

local now = clock(ARGV[2])
local stands = integer(read(KEYS[1])) or 0
if stands ~= tonumber(ARGV[3]) then
  return { 0 }
end
local version = math.max(now * 1000, stands + 1)
redis.call('SET', KEYS[1], digits(version), 'PX', ARGV[4])
redis.call('SET', KEYS[2], digits(version) .. ' ' .. ARGV[5], 'PX', ARGV[4])
return { 1, version }
