-- Adds cost that an instance admitted while it could not reach this store: once, whatever is
-- repeated. It mirrors src/store/memory/merges.rs and is held to it by differential tests.
--
-- KEYS: the instance's last sequence; a limit for each entry.
-- ARGV: now; the sequence; for how long a repetition could count, in ms;
--       then for each entry: limit, window_ms, and what was taken: start, previous, current, of
--       which neither count is above the limit.
-- Returns { 1 } when the batch is counted, now or earlier, or { 3 } when the last sequence cannot
-- be read. Then it may have been counted: it is not, and the sequence is written anew.

local now = clock(ARGV[1])
local sequence = tonumber(ARGV[2])

-- nil when it is there and cannot be read.
local last = integer(read(KEYS[1]) or '0')
if last and sequence <= last then
  return { 1 }
end

-- Adds to a count, which it never raises above the limit.
local function sum(kept, more, limit)
  if kept >= limit then
    return kept
  end
  -- Compared before it is added: the sum need not be exact.
  return more <= limit - kept and kept + more or limit
end

-- The state of an entry's key with what was taken added; nil when nothing of it matters.
local function merged(state, at)
  local limit, window_ms = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local taken = {
    start = tonumber(ARGV[at + 3]),
    previous = tonumber(ARGV[at + 4]),
    current = tonumber(ARGV[at + 5]),
  }
  local s = stand(state, limit, window_ms, now)
  local previous, current = counts_at(taken, window_ms, s.start)
  s.previous, s.current = sum(s.previous, previous, limit), sum(s.current, current, limit)
  if free_at(s) <= now then
    return nil
  end
  return {
    start = s.start,
    previous = s.previous,
    current = s.current,
    free_at = free_at(s),
    blocked_until = state.blocked_until,
  }
end

-- All is read before anything is written: what fails, fails whole.
local states = {}
if last then
  for number = 1, #KEYS - 1 do
    local key = KEYS[1 + number]
    states[key] = merged(states[key] or load_state(key), 3 + 5 * (number - 1)) or states[key]
  end
end

-- The sequence first: Redis refuses only a script's first write for want of memory. It is known
-- for as long as it is there, and its life only ever extends.
local life_ms = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[3]) + SLACK_MS)
redis.call('SET', KEYS[1], digits(sequence), 'PX', digits(life_ms))
for number = 1, #KEYS - 1 do
  local key = KEYS[1 + number]
  if states[key] then
    save_state(key, states[key], now)
    states[key] = nil
  end
end
return { last and 1 or 3 }
