-- src/limit/fixed_window.rs, in doubles. A state's `at` is the window's start, `first` the count.
local function fixed_window()
  local function count_at(state, window_ms, start)
    return state.at - state.at % window_ms >= start and state.first or 0
  end

  local function free_at(s)
    return s.count > 0 and s.start + s.window_ms or 0
  end

  return {
    stand = function(state, limit, window_ms, _, now)
      local effective = math.max(now, state.at - state.at % window_ms)
      local start = effective - effective % window_ms
      local count = count_at(state, window_ms, start)
      return { now = now, limit = limit, window_ms = window_ms, start = start, count = count }
    end,
    fits = function(s, cost)
      return cost <= s.limit - s.count
    end,
    remaining = function(s)
      return math.max(s.limit - s.count, 0)
    end,
    reset_ms = function(s)
      return math.max(free_at(s) - s.now, 0)
    end,
    wait_ms = function(s)
      return s.start + s.window_ms - s.now
    end,
    take = function(s, cost)
      s.count = s.count + cost
    end,
    give = function(s, cost)
      s.count = math.max(s.count - cost, 0)
    end,
    merge = function(s, taken)
      s.count = sum(s.count, count_at(taken, s.window_ms, s.start), s.limit)
    end,
    kept = function(s)
      return { at = s.start, first = s.count, second = 0, free_at = free_at(s) }
    end,
  }
end
