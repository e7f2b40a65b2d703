-- The decision over one key's state: src/limit/sliding_window.rs, in doubles.
--
-- Why they suffice: limit * window_ms <= 2^53 (limit::Quota refuses more), and a count is only
-- ever written when it fits its limit, so counts, windows and limits are exact. A product is only
-- formed where it is at most limit * window_ms:
--   free * window_ms       with 0 <= free <= limit;
--   previous * overlap_ms  after previous <= floor(free * window_ms / overlap_ms) was seen to hold.
-- The second cannot be formed blindly: previous may have been counted under a larger quota.
-- floor(a / b) is exact for integers a <= 2^53 and b >= 1: a quotient that is no integer lies at
-- least 1 / b below the next one, and rounding moves it by less than that.

-- What counts of a state as the window before the one that begins at `start`, and as that one.
-- Counts of a later window, by a clock that is ahead, stay as they are.
local function counts_at(state, window_ms, start)
  local moved_ms = start - (state.start - state.start % window_ms)
  if moved_ms == window_ms then
    return state.current, 0
  elseif moved_ms > 0 then
    return 0, 0
  end
  return state.previous, state.current
end

-- A state brought to now: the window that runs, and how much of the one before still overlaps.
-- A clock that went backwards is held at the start of the latest window seen.
local function stand(state, limit, window_ms, now)
  local kept = state
  if state.free_at <= now then
    kept = { start = 0, previous = 0, current = 0 }
  end
  local effective = math.max(now, kept.start - kept.start % window_ms)
  local start = effective - effective % window_ms
  local previous, current = counts_at(kept, window_ms, start)
  return {
    now = now,
    limit = limit,
    window_ms = window_ms,
    start = start,
    previous = previous,
    current = current,
    overlap_ms = window_ms - (effective - start),
  }
end

-- Whether what fades of the previous window leaves `free` units of this one's limit.
local function leaves(s, free)
  return free >= 0 and s.previous <= math.floor(free * s.window_ms / s.overlap_ms)
end

local function remaining(s)
  local free = s.limit - s.current
  if not leaves(s, free) then
    return 0
  end
  return math.floor((free * s.window_ms - s.previous * s.overlap_ms) / s.window_ms)
end

local function free_at(s)
  if s.current > 0 then
    return s.start + 2 * s.window_ms
  elseif s.previous > 0 then
    return s.start + s.window_ms
  end
  return 0
end

local function reset_ms(s)
  return math.max(free_at(s) - s.now, 0)
end

-- Until a cost that does not fit now does.
local function retry_after_ms(s, cost)
  local room = s.limit - cost
  local fading, free, from = s.previous, room - s.current, s.start
  if free < 0 then
    fading, free, from = s.current, room, s.start + s.window_ms
  end
  local overlap_ms = math.min(math.floor(free * s.window_ms / fading), s.window_ms)
  return math.max(from + s.window_ms - overlap_ms - s.now, 0)
end

-- A blocked key's answer: nothing is left, and what its quota says stands behind the block.
local function block(answer, for_ms)
  local wait_ms = answer.retry_after_ms
  if answer.allowed then
    wait_ms = 0
  end
  return {
    allowed = false,
    remaining = 0,
    reset_ms = math.max(answer.reset_ms, for_ms),
    retry_after_ms = wait_ms and math.max(wait_ms, for_ms),
  }
end
