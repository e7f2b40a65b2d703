-- Admits one request: checks the token against the revocations, then takes from all limits, all
-- or nothing. It mirrors src/store/memory/counters.rs and is held to it by differential tests.
--
-- KEYS: the epoch; the version of the access rules; an entry for each letter of `scopes`; a limit for each take.
-- ARGV: 'admit' or 'peek'; now; the caller's now; scopes, of 't' (token), 's' (session) and
--       'u' (subject); the earliest cut that refuses the token;
--       then for each take: the algorithm's letter, limit, window_ms, burst, cost (0: out of range),
--       shadow (0 or 1).
-- Returns { revoked scope's number or 0, unreadable, repaired, epoch, rules' version, ahead_ms } and for each
-- take { allowed, remaining, reset_ms, retry_after_ms or -1 }, none for a revoked token.

local EPOCH_MS = 34560000000 -- 400 days
local SCOPES = { t = 1, s = 2, u = 3 }

local admitting = ARGV[1] == 'admit'
local now = clock(ARGV[2])
local ahead_ms = now - tonumber(ARGV[3])
local scopes = ARGV[4]
local earliest_cut = tonumber(ARGV[5])

-- Names the data of this store: another number means that what was written before may be lost.
-- Microseconds, so that no two losses share one; below 2^53 until the year 2255.
local function epoch(key)
  local kept = integer(read(key))
  if kept then
    return kept
  end
  local time = redis.call('TIME')
  local made = tonumber(time[1]) * 1000000 + tonumber(time[2])
  redis.call('SET', key, digits(made), 'PX', digits(EPOCH_MS))
  return made
end

-- What the token is revoked by, the narrowest scope first, and whether that entry is unreadable:
-- then it refuses too (fail secure).
local function revocation()
  for i = 1, #scopes do
    local scope = string.sub(scopes, i, i)
    local text = read(KEYS[2 + i])
    if text then
      local cut, ends = string.match(text, '^(%d+) (%d+)$')
      cut, ends = integer(cut), integer(ends)
      if not cut or not ends then
        return SCOPES[scope], 1
      end
      if ends > now and (scope ~= 'u' or cut >= earliest_cut) then
        return SCOPES[scope], 0
      end
    end
  end
  return 0, 0
end

-- A cost with the earlier ones of the same key in this call, or 0 once it is more than may come at
-- once. A denied one's counts too, so that a promised wait is one after which the call as a whole
-- succeeds; a shadow's denial stops nothing, so what follows it must not carry it.
local function together(take, earlier)
  local cost = take.cost
  for _, other in ipairs(earlier) do
    local precedes = other.cost > 0 and (other.taken.allowed or not other.shadow)
    if cost > 0 and other.key == take.key and precedes then
      -- Compared before it is added: the sum of many costs need not be exact.
      cost = other.cost <= take.quota.burst - cost and cost + other.cost or 0
    end
  end
  return cost
end

-- Decides a take after the earlier ones, writing nothing.
local function plan(take, earlier)
  local state, unreadable = load_state(take.key)
  local quota, by = take.quota, take.quota.algorithm
  local s = stand(quota, state, now)
  local cost = together(take, earlier)
  local allowed = cost > 0 and by.fits(s, cost)

  take.unreadable = unreadable
  take.untaken = { allowed = allowed, remaining = by.remaining(s), reset_ms = by.reset_ms(s) }
  if cost > 0 and not allowed then
    take.untaken.retry_after_ms = by.wait_ms(s, cost)
  end
  take.taken = take.untaken
  if allowed then
    by.take(s, cost)
    take.taken = { allowed = true, remaining = by.remaining(s), reset_ms = by.reset_ms(s) }
  end
  take.state = kept(quota, s, state.blocked_until)
  if state.blocked_until > now then
    take.untaken = block(take.untaken, state.blocked_until - now)
    take.taken = take.untaken
  end
  return take
end

local function take_at(number)
  local at = 5 + 6 * (number - 1)
  return {
    key = KEYS[2 + #scopes + number],
    quota = quota_at(at),
    cost = tonumber(ARGV[at + 5]),
    shadow = ARGV[at + 6] == '1',
  }
end

-- Ends every admission with a write, so that no replica, which may not have heard of a revocation,
-- ever answers one. The last, because Redis refuses only a script's first write for want of
-- memory: the takes must be that.
local function by_primary(reply)
  if admitting then
    redis.call('PEXPIRE', KEYS[1], digits(EPOCH_MS))
  end
  return reply
end

local reply = { 0, 0, 0, 0, 0, ahead_ms }
if admitting then
  reply[4] = epoch(KEYS[1])
  reply[5] = integer(read(KEYS[2])) or 0
  reply[1], reply[2] = revocation()
  if reply[1] > 0 then
    return by_primary(reply)
  end
end

local plans, admitted = {}, admitting
for number = 1, (#ARGV - 5) / 6 do
  local planned = plan(take_at(number), admitting and plans or {})
  admitted = admitted and (planned.taken.allowed or planned.shadow)
  plans[number] = planned
end

-- Unreadable states are replaced even where nothing is taken, each counted once.
local repaired = {}
for _, planned in ipairs(plans) do
  if admitting and planned.unreadable and not repaired[planned.key] then
    repaired[planned.key] = true
    reply[3] = reply[3] + 1
    redis.call('DEL', planned.key)
  end
end

for _, planned in ipairs(plans) do
  local answer = planned.untaken
  if admitted then
    answer = planned.taken
    if answer.allowed then
      save_state(planned.key, planned.state, now)
    end
  end
  reply[#reply + 1] = answer.allowed and 1 or 0
  reply[#reply + 1] = answer.remaining
  reply[#reply + 1] = answer.reset_ms
  reply[#reply + 1] = answer.retry_after_ms or -1
end
return by_primary(reply)
