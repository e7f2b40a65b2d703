-- Writes a revocation under a key: '<cut> <ends>'. It only ever extends; what cannot be read is overwritten.
-- Returns the cut as it stands then.
--
-- cut: the caller's. The cut is the latest of both clocks and what stands, so that no clock that is behind
-- spares a token. One that is final was acknowledged earlier: what was issued since is none of its. The end is
-- counted by this clock from now, so that no clock that is ahead ends it early.
local function revoke(key, cut, life_ms, final, now)
  if not final then
    cut = math.max(cut, now)
  end
  local ends = now + life_ms
  local kept_cut, kept_ends = string.match(read(key) or '', '^(%d+) (%d+)$')
  kept_cut, kept_ends = integer(kept_cut), integer(kept_ends)
  if kept_cut and kept_ends then
    cut = math.max(cut, kept_cut)
    ends = math.max(ends, kept_ends)
  end
  keep(key, digits(cut) .. ' ' .. digits(ends), ends, now)
  return cut
end
