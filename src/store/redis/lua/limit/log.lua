-- How the state of a sliding log is kept, in a list: '<free_at> <blocked_until> <base>', then
-- '<at> <sum>' for each take, oldest first. `sum` is what was taken so far, `base` what was before the
-- first that is there: so what any of them cost together is one subtraction.

local function log_store()
  -- A log as kept, without its entries; nil when the key holds none.
  local function load_log(key)
    local head = redis.pcall('LINDEX', key, 0)
    if type(head) ~= 'string' then
      return nil
    end
    local free_at, blocked_until, base = string.match(head, '^(%d+) (%d+) (%d+)$')
    local log = {
      letter = 'l',
      key = key,
      len = redis.call('LLEN', key) - 1,
      free_at = integer(free_at),
      blocked_until = integer(blocked_until),
      base = integer(base),
    }
    return log.free_at and log.blocked_until and log.base and log or nil
  end

  local function text_of(entry)
    return digits(entry.at) .. ' ' .. digits(entry.sum)
  end

  -- Writes all of a log, in place of whatever was there.
  local function write_log(key, head, entries)
    if redis.call('TYPE', key).ok ~= 'none' then
      redis.call('DEL', key)
    end
    redis.call('RPUSH', key, head)
    for _, entry in ipairs(entries) do
      redis.call('RPUSH', key, text_of(entry))
    end
  end

  -- Writes one more take to a log, and drops what no longer counts. Again for a key that a call takes
  -- from twice: the later one says it all. What may be refused for want of memory comes first.
  local function push_log(key, head, state)
    local last_at = string.match(redis.call('LINDEX', key, -1), '^(%d+) %d+$')
    if last_at == digits(state.push.at) then
      redis.call('LSET', key, -1, text_of(state.push))
    else
      redis.call('RPUSH', key, text_of(state.push))
    end
    if load_log(key).base == state.base then
      redis.call('LSET', key, 0, head)
    else
      redis.call('LTRIM', key, state.drop + 1, -1)
      redis.call('LPUSH', key, head)
    end
  end

  local function save_log(key, state)
    local head = string.format('%.0f %.0f %.0f', state.free_at, state.blocked_until, state.base)
    if state.entries then
      write_log(key, head, state.entries)
    elseif not state.push then
      redis.call('LSET', key, 0, head)
    elseif state.key then
      push_log(key, head, state)
    else
      write_log(key, head, { state.push })
    end
  end

  return { load = load_log, save = save_log, text_of = text_of }
end

local made_log

-- Made when it is first needed: most calls touch no log.
local function logs()
  made_log = made_log or log_store()
  return made_log
end
