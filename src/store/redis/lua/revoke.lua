-- Writes a revocation: '<cut> <ends>'. It only ever extends; what cannot be read is overwritten.
-- KEYS: the entry. ARGV: now, the caller's cut, the life in ms, 1 if that cut is final else 0.
-- Returns { 1 }.
--
-- The cut is the latest of both clocks and what stands, so that no clock that is behind spares a
-- token. One that is final was acknowledged earlier: what was issued since is none of its. The end is counted by this clock from now, so that no clock that is ahead ends it early.

local now = clock(ARGV[1])
local cut = tonumber(ARGV[2])
if ARGV[4] ~= '1' then
  cut = math.max(cut, now)
end
local ends = now + tonumber(ARGV[3])

local kept_cut, kept_ends = string.match(read(KEYS[1]) or '', '^(%d+) (%d+)$')
kept_cut, kept_ends = integer(kept_cut), integer(kept_ends)
if kept_cut and kept_ends then
  cut = math.max(cut, kept_cut)
  ends = math.max(ends, kept_ends)
end
keep(KEYS[1], digits(cut) .. ' ' .. digits(ends), ends, now)
return { 1 }
