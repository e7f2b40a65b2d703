local ALGORITHMS =
  { f = fixed_window, s = sliding_window, l = sliding_log, b = token_bucket, g = gcra }
local made = {}

-- The algorithm of a letter, made when it is first needed: a call takes from few policies.
local function algorithm(letter)
  made[letter] = made[letter] or ALGORITHMS[letter]()
  return made[letter]
end

-- How a policy counts, of the four arguments behind `at`.
local function quota_at(at)
  local letter = ARGV[at + 1]
  return {
    letter = letter,
    algorithm = algorithm(letter),
    limit = tonumber(ARGV[at + 2]),
    window_ms = tonumber(ARGV[at + 3]),
    burst = tonumber(ARGV[at + 4]),
  }
end

-- A state brought to now.
local function stand(quota, state, now)
  local live = state_of(quota.letter, state, now)
  return quota.algorithm.stand(live, quota.limit, quota.window_ms, quota.burst, now)
end

-- The state to keep.
local function kept(quota, s, blocked_until)
  local state = quota.algorithm.kept(s)
  state.letter, state.blocked_until = quota.letter, blocked_until
  return state
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
