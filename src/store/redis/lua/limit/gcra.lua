-- src/limit/gcra.rs, in doubles. A state's `at` is the theoretical arrival time, `first` what comes
-- behind it, in parts of 1 / limit ms.
--
-- How far it lies ahead is kept in whole milliseconds and parts: the product of both with the limit
-- is only formed where it was seen to be at most burst * window_ms.
local function gcra()
  -- How far a state lies ahead of now: whole milliseconds, parts.
  local function ahead(state, limit, now)
    if state.at < now then
      return 0, 0
    end
    return state.at - now, math.min(state.first, limit - 1)
  end

  -- The most whole milliseconds ahead with which `cost` still fits; below 0 for none.
  local function most_ms(s, cost)
    return math.floor(((s.burst - cost) * s.window_ms - s.parts) / s.limit)
  end

  return {
    stand = function(state, limit, window_ms, burst, now)
      local ms, parts = ahead(state, limit, now)
      return {
        now = now,
        limit = limit,
        window_ms = window_ms,
        burst = burst,
        ms = ms,
        parts = parts,
      }
    end,
    fits = function(s, cost)
      return s.ms <= most_ms(s, cost)
    end,
    remaining = function(s)
      if s.ms > most_ms(s, 0) then
        return 0
      end
      return math.floor((s.burst * s.window_ms - s.ms * s.limit - s.parts) / s.window_ms)
    end,
    reset_ms = function(s)
      return s.ms + (s.parts > 0 and 1 or 0)
    end,
    wait_ms = function(s, cost)
      return s.ms - most_ms(s, cost)
    end,
    take = function(s, cost)
      local parts = s.parts + cost * s.window_ms
      s.ms, s.parts = s.ms + math.floor(parts / s.limit), parts % s.limit
    end,
    give = function(s, cost)
      local given = cost * s.window_ms
      s.ms, s.parts = s.ms - math.floor(given / s.limit), s.parts - given % s.limit
      if s.parts < 0 then
        s.ms, s.parts = s.ms - 1, s.parts + s.limit
      end
      if s.ms < 0 then
        s.ms, s.parts = 0, 0
      end
    end,
    merge = function(s, taken)
      if s.ms > most_ms(s, 0) then
        return
      end
      local ms, parts = ahead(taken, s.limit, s.now)
      local used, most = s.ms * s.limit + s.parts, s.burst * s.window_ms
      if ms > math.floor((most - used - parts) / s.limit) then
        used = most
      else
        used = used + ms * s.limit + parts
      end
      s.ms, s.parts = math.floor(used / s.limit), used % s.limit
    end,
    kept = function(s)
      if s.ms == 0 and s.parts == 0 then
        return { at = 0, first = 0, second = 0, free_at = 0 }
      end
      local at = s.now + s.ms
      return { at = at, first = s.parts, second = 0, free_at = at + (s.parts > 0 and 1 or 0) }
    end,
  }
end
