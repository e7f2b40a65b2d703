-- The state of one key of one policy: '<at> <first> <second> <free_at> <blocked_until>', behind the
-- letter of its algorithm and a space unless that is 's', the sliding window. What the first three
-- mean is the algorithm's to say: limit::State::numbers(). Of a sliding log it is a list: log.lua.

local STATE = '^(%d+) (%d+) (%d+) (%d+) (%d+)$'

local function empty_state(letter, blocked_until)
  return { letter = letter, at = 0, first = 0, second = 0, free_at = 0, blocked_until = blocked_until }
end

-- A key's state as kept, and whether there was something that could not be read.
local function load_state(key)
  local text = read(key)
  if not text then
    return empty_state('s', 0), false
  end
  local log = text == '' and logs().load(key)
  if log then
    return log, false
  end
  local letter, numbers = string.match(text, '^([fbg]) (.*)$')
  local at, first, second, free_at, blocked_until = string.match(numbers or text, STATE)
  local state = {
    letter = letter or 's',
    at = integer(at),
    first = integer(first),
    second = integer(second),
    free_at = integer(free_at),
    blocked_until = integer(blocked_until),
  }
  if state.at and state.first and state.second and state.free_at and state.blocked_until then
    return state, false
  end
  return empty_state('s', 0), true
end

-- A state as one of this algorithm's at `now`: nothing counts of one that is free again, nor of one
-- of another algorithm, which the policy had before.
local function state_of(letter, state, now)
  if state.letter == letter and state.free_at > now then
    return state
  end
  return empty_state(letter, state.blocked_until)
end

local function save_state(key, state, now)
  local ends = math.max(state.free_at, state.blocked_until)
  if state.letter == 'l' then
    logs().save(key, state)
    redis.call('PEXPIRE', key, life_ms(ends, now))
    return
  end
  local text = string.format(
    '%s%.0f %.0f %.0f %.0f %.0f',
    state.letter == 's' and '' or state.letter .. ' ',
    state.at, state.first, state.second, state.free_at, state.blocked_until
  )
  keep(key, text, ends, now)
end
