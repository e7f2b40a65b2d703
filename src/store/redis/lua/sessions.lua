-- Sessions: '<subject> <started> <rotated> <expires> <ends> <idles> <generation>' under each one's name,
-- and a list of their names, oldest first, under their subject. `ends` is the end by this clock, `idles`
-- the end unless it is refreshed before, `expires` what the caller said, given back as it came. It mirrors
-- src/store/memory/sessions.rs.
--
-- A session's subject, and a subject's sessions, are known only once read, so these keys cannot
-- all stand in KEYS: this script never claims allow-key-locking. All have the one hash tag.
--
-- ARGV: mode, now, the prefix of sessions' keys, the prefix of subjects' keys; then
--   'open'     session, subject, expires, life_ms, idle_ms, the most sessions of a subject, the caller's now
--   'advance'  session, subject, generation, grace_ms, idle_ms, the life in ms of its access tokens
--   'end'      session, the caller's cut, the life in ms, 1 if that cut is final else 0
--   'cut'      subject, the same
--   'list'     subject
-- KEYS: the session where one is named, the subject's list where one is; for all but list then the revocation of
-- what was named. end and cut write that, end the sessions it is about, and return { 1 }.
-- open and advance return { 0 } unknown, { 2 } reused (then it is ended and revoked), { 3 } corrupt, or
-- { 1, subject, started, rotated, expires, generation }; list, for each session,
-- { session, started, rotated, expires, generation }.

local UNKNOWN, REUSED, CORRUPT = { 0 }, { 2 }, { 3 }
local SESSION = '^([%w_-]+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$'

local now = clock(ARGV[2])
local session_prefix, subject_prefix = ARGV[3], ARGV[4]

-- A session as kept, ended or not, and whether there is something that cannot be read.
local function load(name)
  local text = read(session_prefix .. name)
  if not text then
    return nil, false
  end
  local subject, started, rotated, expires, ends, idles, generation = string.match(text, SESSION)
  local record = {
    name = name,
    subject = subject,
    started = integer(started),
    rotated = integer(rotated),
    expires = integer(expires),
    ends = integer(ends),
    idles = integer(idles),
    generation = integer(generation),
  }
  local whole = record.started and record.rotated and record.expires and record.ends
  if whole and record.idles and record.generation then
    return record, false
  end
  return nil, true
end

-- Saves a session that was used now.
local function save(record, idle_ms)
  record.rotated, record.idles = now, math.min(record.ends, now + idle_ms)
  local times = {
    record.started, record.rotated, record.expires, record.ends, record.idles, record.generation,
  }
  for i = 1, #times do
    times[i] = digits(times[i])
  end
  local value = record.subject .. ' ' .. table.concat(times, ' ')
  keep(session_prefix .. record.name, value, record.idles, now)
end

-- The names listed under a subject; a list that is none is replaced.
local function names_of(subject)
  local names = redis.pcall('LRANGE', subject_prefix .. subject, 0, -1)
  if names.err then
    redis.call('DEL', subject_prefix .. subject)
    return {}
  end
  return names
end

local function unlist(subject, name)
  local removed = redis.pcall('LREM', subject_prefix .. subject, 0, name)
  if type(removed) == 'table' then
    redis.call('DEL', subject_prefix .. subject)
  end
end

local function remove(record)
  redis.call('DEL', session_prefix .. record.name)
  unlist(record.subject, record.name)
end

-- Drops a subject's ended sessions, then its oldest, until one more is within its most.
local function make_room(subject, most)
  local live = {}
  for _, name in ipairs(names_of(subject)) do
    local record = load(name)
    if not record or record.subject ~= subject then
      unlist(subject, name)
    elseif record.idles <= now then
      remove(record)
    else
      live[#live + 1] = record
    end
  end
  for i = 1, #live + 1 - most do
    remove(live[i])
  end
end

local function current(record)
  return {
    1, record.subject, record.started, record.rotated, record.expires, record.generation,
  }
end

-- Whether an entry revokes what was begun at an instant; one that cannot be read does.
local function revokes(key, begun)
  local text = read(key)
  if not text then
    return false
  end
  local cut, ends = string.match(text, '^(%d+) (%d+)$')
  cut, ends = integer(cut), integer(ends)
  return not cut or not ends or ends > now and cut >= begun
end

local function open(name, subject, expires, life_ms, idle_ms, most, begun)
  -- A session's revocation is of all of it, whenever it was opened.
  if revokes(KEYS[3], 0) or revokes(KEYS[4], begun) then
    return UNKNOWN
  end
  local held = load(name)
  if held and held.idles > now then
    -- A repeated request, its answer lost. Anything else must not turn back the generation.
    local repeated = held.generation == 0 and held.subject == subject
    return repeated and current(held) or UNKNOWN
  end
  if life_ms == 0 then
    return UNKNOWN
  end
  -- One of the same name that has ended goes here too, or is overwritten.
  make_room(subject, most)
  local record = {
    name = name,
    subject = subject,
    started = now,
    expires = expires,
    ends = now + life_ms,
    generation = 0,
  }
  save(record, idle_ms)
  local listed = subject_prefix .. subject
  redis.call('RPUSH', listed, name)
  -- The list lives as long as the longest of them. A new one has no TTL yet: -1.
  if redis.call('PTTL', listed) < life_ms + SLACK_MS then
    redis.call('PEXPIRE', listed, digits(life_ms + SLACK_MS))
  end
  return current(record)
end

local function advance(name, subject, presented, grace_ms, idle_ms, access_ms)
  local record, unreadable = load(name)
  if unreadable then
    return CORRUPT
  end
  if not record or record.subject ~= subject or record.idles <= now or presented > record.generation then
    return UNKNOWN
  end
  if presented == record.generation then
    record.generation = presented + 1
    save(record, idle_ms)
    return current(record)
  end
  local in_grace = math.max(now - record.rotated, 0) < grace_ms
  if presented + 1 == record.generation and in_grace then
    return current(record)
  end
  revoke(KEYS[2], now, access_ms, false, now)
  remove(record)
  return REUSED
end

-- What cannot be read is removed like any other.
local function finish(name, cut, life_ms, final)
  revoke(KEYS[2], cut, life_ms, final, now)
  local record, unreadable = load(name)
  if record then
    remove(record)
  elseif unreadable then
    redis.call('DEL', session_prefix .. name)
  end
  return { 1 }
end

-- Ends what was opened up to the cut; what cannot be read may have been.
local function cut_off(subject, cut, life_ms, final)
  local cut_at = revoke(KEYS[2], cut, life_ms, final, now)
  for _, name in ipairs(names_of(subject)) do
    local record, unreadable = load(name)
    if unreadable then
      redis.call('DEL', session_prefix .. name)
      unlist(subject, name)
    elseif record and record.subject == subject and record.started <= cut_at then
      remove(record)
    end
  end
  return { 1 }
end

local function list(subject)
  local reply = {}
  for _, name in ipairs(names_of(subject)) do
    local record = load(name)
    if record and record.subject == subject and record.idles > now then
      reply[#reply + 1] = name
      reply[#reply + 1] = record.started
      reply[#reply + 1] = record.rotated
      reply[#reply + 1] = record.expires
      reply[#reply + 1] = record.generation
    end
  end
  return reply
end

local mode = ARGV[1]
local function given(i)
  return tonumber(ARGV[i])
end
if mode == 'open' then
  return open(ARGV[5], ARGV[6], given(7), given(8), given(9), given(10), given(11))
elseif mode == 'advance' then
  return advance(ARGV[5], ARGV[6], given(7), given(8), given(9), given(10))
elseif mode == 'end' then
  return finish(ARGV[5], given(6), given(7), ARGV[8] == '1')
elseif mode == 'cut' then
  return cut_off(ARGV[5], given(6), given(7), ARGV[8] == '1')
end
return list(ARGV[5])
