-- src/limit/sliding_window.rs, in doubles. A state's `at` is the window's start, `first` and `second`
-- are the previous count and the current one.
--
-- A product is only formed where it is at most limit * window_ms:
--   free * window_ms       with 0 <= free <= limit;
--   previous * overlap_ms  after previous <= floor(free * window_ms / overlap_ms) was seen to hold.
-- The second cannot be formed blindly: previous may have been counted under a larger quota.
local function sliding_window()
  -- What counts of a state as the window before the one that begins at `start`, and as that one.
  -- Counts of a later window, by a clock that is ahead, stay as they are.
  local function counts_at(state, window_ms, start)
    local moved_ms = start - (state.at - state.at % window_ms)
    if moved_ms == window_ms then
      return state.second, 0
    elseif moved_ms > 0 then
      return 0, 0
    end
    return state.first, state.second
  end

  -- Whether what fades of the previous window leaves `free` units of this one's limit.
  local function leaves(s, free)
    return free >= 0 and s.previous <= math.floor(free * s.window_ms / s.overlap_ms)
  end

  local function free_at(s)
    if s.current > 0 then
      return s.start + 2 * s.window_ms
    elseif s.previous > 0 then
      return s.start + s.window_ms
    end
    return 0
  end

  return {
    stand = function(state, limit, window_ms, _, now)
      local effective = math.max(now, state.at - state.at % window_ms)
      local start = effective - effective % window_ms
      local previous, current = counts_at(state, window_ms, start)
      return {
        now = now,
        limit = limit,
        window_ms = window_ms,
        start = start,
        previous = previous,
        current = current,
        overlap_ms = window_ms - (effective - start),
      }
    end,
    fits = function(s, cost)
      return leaves(s, s.limit - s.current - cost)
    end,
    remaining = function(s)
      local free = s.limit - s.current
      if not leaves(s, free) then
        return 0
      end
      return math.floor((free * s.window_ms - s.previous * s.overlap_ms) / s.window_ms)
    end,
    reset_ms = function(s)
      return math.max(free_at(s) - s.now, 0)
    end,
    wait_ms = function(s, cost)
      local room = s.limit - cost
      local fading, free, from = s.previous, room - s.current, s.start
      if free < 0 then
        fading, free, from = s.current, room, s.start + s.window_ms
      end
      local overlap_ms = math.min(math.floor(free * s.window_ms / fading), s.window_ms)
      return math.max(from + s.window_ms - overlap_ms - s.now, 0)
    end,
    take = function(s, cost)
      s.current = s.current + cost
    end,
    give = function(s, cost)
      local before = math.max(cost - s.current, 0)
      s.current, s.previous = math.max(s.current - cost, 0), math.max(s.previous - before, 0)
    end,
    merge = function(s, taken)
      local previous, current = counts_at(taken, s.window_ms, s.start)
      s.previous, s.current = sum(s.previous, previous, s.limit), sum(s.current, current, s.limit)
    end,
    kept = function(s)
      return { at = s.start, first = s.previous, second = s.current, free_at = free_at(s) }
    end,
  }
end
