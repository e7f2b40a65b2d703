-- Small records: '<ends> <expires> <base64url>'. `ends` is the end by this clock, `expires` what
-- the caller said, given back as it came.
-- KEYS: the record.
-- ARGV: 'put', now, life_ms, expires, value   returns { 1 }
--       'get', now                            returns { 0 } none, { 1, expires, value }, { 3 } corrupt

local now = clock(ARGV[2])
if ARGV[1] == 'put' then
  local ends = now + tonumber(ARGV[3])
  keep(KEYS[1], digits(ends) .. ' ' .. ARGV[4] .. ' ' .. ARGV[5], ends, now)
  return { 1 }
end

local text = read(KEYS[1])
if not text then
  return { 0 }
end
local ends, expires, value = string.match(text, '^(%d+) (%d+) ([%w_-]*)$')
ends, expires = integer(ends), integer(expires)
if not ends or not expires then
  return { 3 }
end
if ends <= now then
  return { 0 }
end
return { 1, expires, value }
