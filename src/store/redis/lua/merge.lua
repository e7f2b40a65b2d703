-- Adds cost that an instance admitted while it could not reach this store: once, whatever is
-- repeated. It mirrors src/store/memory/merges.rs and is held to it by differential tests.
--
-- KEYS: the instance's last sequence; a limit for each entry.
-- ARGV: now; the sequence; for how long a repetition could count, in ms;
--       then for each entry: the algorithm's letter, limit, window_ms, burst, and what was taken: the
--       numbers of its state, with a space between them.
-- Returns { 1 } when the batch is counted, now or earlier, or { 3 } when the last sequence cannot
-- be read. Then it may have been counted: it is not, and the sequence is written anew.

local now = clock(ARGV[1])
local sequence = tonumber(ARGV[2])

-- nil when it is there and cannot be read.
local last = integer(read(KEYS[1]) or '0')
if last and sequence <= last then
  return { 1 }
end

-- The state of an entry's key with what was taken added; nil when nothing of it matters.
local function merged(state, at)
  local quota = quota_at(at)
  local text = ARGV[at + 5]
  local first, second, third = string.match(text, '^(%d+) (%d+) (%d+)$')
  local taken =
    { text = text, at = tonumber(first), first = tonumber(second), second = tonumber(third) }
  local s = stand(quota, state, now)
  quota.algorithm.merge(s, taken)
  local state = kept(quota, s, state.blocked_until)
  return state.free_at > now and state or nil
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
