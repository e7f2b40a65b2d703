-- Counts cost of one key after the fact, or gives it back. It mirrors State::adjust() and is held to it by
-- differential tests.
--
-- KEYS: the limit. ARGV: now; 'take' or 'give'; the cost; the algorithm's letter, limit, window_ms, burst.
-- Returns what a take of 1 would decide then: { allowed, remaining, reset_ms, retry_after_ms or -1 }.

local now = clock(ARGV[1])
local cost = tonumber(ARGV[3])
local quota = quota_at(3)
local by = quota.algorithm

local state = load_state(KEYS[1])
local s = stand(quota, state, now)
if ARGV[2] == 'take' then
  local taken = stand(quota, empty_state(quota.letter, 0), now)
  by.take(taken, cost)
  local more = by.kept(taken)
  more.text = more.tail and digits(now) .. ' ' .. digits(cost)
  by.merge(s, more)
else
  by.give(s, cost)
end
local answer = { allowed = by.fits(s, 1), remaining = by.remaining(s), reset_ms = by.reset_ms(s) }
if not answer.allowed then
  answer.retry_after_ms = by.wait_ms(s, 1)
end
if state.blocked_until > now then
  answer = block(answer, state.blocked_until - now)
end
-- The last: of a log what is written moves what was read.
save_state(KEYS[1], kept(quota, s, state.blocked_until), now)
return {
  answer.allowed and 1 or 0,
  answer.remaining,
  answer.reset_ms,
  answer.retry_after_ms or -1,
}
