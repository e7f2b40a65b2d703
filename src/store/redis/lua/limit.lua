-- The state of one key of one policy: '<start> <previous> <current> <free_at> <blocked_until>'.
-- It mirrors src/limit/sliding_window.rs, which says what the numbers mean.

local STATE = '^(%d+) (%d+) (%d+) (%d+) (%d+)$'

-- A key's state as kept, and whether there was something that could not be read.
local function load_state(key)
  local text = read(key)
  if not text then
    return { start = 0, previous = 0, current = 0, free_at = 0, blocked_until = 0 }, false
  end
  local start, previous, current, free_at, blocked_until = string.match(text, STATE)
  local state = {
    start = integer(start),
    previous = integer(previous),
    current = integer(current),
    free_at = integer(free_at),
    blocked_until = integer(blocked_until),
  }
  if state.start and state.previous and state.current and state.free_at and state.blocked_until then
    return state, false
  end
  return { start = 0, previous = 0, current = 0, free_at = 0, blocked_until = 0 }, true
end

local function save_state(key, state, now)
  local text = string.format(
    '%.0f %.0f %.0f %.0f %.0f',
    state.start, state.previous, state.current, state.free_at, state.blocked_until
  )
  keep(key, text, math.max(state.free_at, state.blocked_until), now)
end
