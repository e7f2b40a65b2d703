-- The decision over one key's state: src/limit, in doubles.
--
-- Why they suffice: limit * window_ms and burst * window_ms + limit are at most 2^53 (limit::Quota
-- refuses more), and a count is only ever written when it fits its quota, so counts, windows and
-- limits are exact. floor(a / b) is exact for integers a <= 2^53 and b >= 1: a quotient that is no
-- integer lies at least 1 / b below the next one, and rounding moves it by less than that.

-- Adds to a count, which it never raises above the most there may be.
local function sum(kept, more, most)
  if kept >= most then
    return kept
  end
  -- Compared before it is added: the sum need not be exact.
  return more <= most - kept and kept + more or most
end
