-- src/limit/token_bucket.rs, in doubles. A state's `at` is when it was counted, `first` the whole
-- tokens that were missing then, `second` what was of a further one, in parts of 1 / window_ms.
--
-- Whole tokens and parts stay apart, so no product is formed above limit * window_ms.
local function token_bucket()
  -- What is missing at `at`: whole tokens, parts.
  local function missing(state, limit, window_ms, burst, at)
    local whole, parts = state.first, math.min(state.second, window_ms - 1)
    if whole >= burst then
      whole, parts = burst, 0
    end
    local passed_ms = math.max(at - state.at, 0)
    local windows, rest_ms = math.floor(passed_ms / window_ms), passed_ms % window_ms
    if windows > math.floor(whole / limit) then
      return 0, 0
    end
    local refilled = limit * rest_ms
    whole = whole - limit * windows - math.floor(refilled / window_ms)
    parts = parts - refilled % window_ms
    if parts < 0 then
      whole, parts = whole - 1, parts + window_ms
    end
    if whole < 0 then
      return 0, 0
    end
    return whole, parts
  end

  -- How long whole tokens and parts take to be refilled, rounded up. Whole limits take whole windows.
  local function refill_ms(s, whole, parts)
    local windows, rest = math.floor(whole / s.limit), whole % s.limit
    return windows * s.window_ms + math.ceil((rest * s.window_ms + parts) / s.limit)
  end

  local function free_at(s)
    if s.whole == 0 and s.parts == 0 then
      return 0
    end
    return s.at + refill_ms(s, s.whole, s.parts)
  end

  return {
    stand = function(state, limit, window_ms, burst, now)
      local at = math.max(now, state.at)
      local whole, parts = missing(state, limit, window_ms, burst, at)
      return {
        now = now,
        at = at,
        limit = limit,
        window_ms = window_ms,
        burst = burst,
        whole = whole,
        parts = parts,
      }
    end,
    fits = function(s, cost)
      local left = s.burst - s.whole - cost
      return left > 0 or left == 0 and s.parts == 0
    end,
    remaining = function(s)
      return math.max(s.burst - s.whole - (s.parts > 0 and 1 or 0), 0)
    end,
    reset_ms = function(s)
      return math.max(free_at(s) - s.now, 0)
    end,
    wait_ms = function(s, cost)
      return s.at - s.now + refill_ms(s, s.whole + cost - s.burst, s.parts)
    end,
    take = function(s, cost)
      s.whole = s.whole + cost
    end,
    give = function(s, cost)
      s.whole = s.whole - cost
      if s.whole < 0 then
        s.whole, s.parts = 0, 0
      end
    end,
    merge = function(s, taken)
      local whole, parts = missing(taken, s.limit, s.window_ms, s.burst, s.at)
      parts = s.parts + parts
      whole = s.whole + whole + math.floor(parts / s.window_ms)
      s.whole, s.parts = whole, parts % s.window_ms
      if whole >= s.burst then
        s.whole, s.parts = s.burst, 0
      end
    end,
    kept = function(s)
      return { at = s.at, first = s.whole, second = s.parts, free_at = free_at(s) }
    end,
  }
end
