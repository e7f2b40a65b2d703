-- How the state of a sliding log is kept, in a list: '<free_at> <blocked_until> <base>', then
-- '<at> <sum>' for each take, oldest first. `sum` is what was taken so far, `base` what no longer
-- counts of it: so what any of them cost together is one subtraction, and to let go of the oldest is
-- to raise the base.

local function log_store()
  -- A log as kept, of its entries the last; nil when the key holds none.
  local function load_log(key)
    local head = redis.pcall('LINDEX', key, 0)
    if type(head) ~= 'string' then
      return nil
    end
    local free_at, blocked_until, base = string.match(head, '^(%d+) (%d+) (%d+)$')
    local len = redis.call('LLEN', key) - 1
    local last_at, total = '0', base
    if len > 0 then
      last_at, total = string.match(redis.call('LINDEX', key, -1), '^(%d+) (%d+)$')
    end
    local log = {
      letter = 'l',
      key = key,
      len = len,
      kept = len,
      tail = {},
      free_at = integer(free_at),
      blocked_until = integer(blocked_until),
      base = integer(base),
      last_at = integer(last_at),
      total = integer(total),
    }
    local whole = log.free_at and log.blocked_until and log.base and log.last_at and log.total
    return whole and log.total >= log.base and log or nil
  end

  local function push(key, texts)
    for first = 1, #texts, 1000 do
      redis.call('RPUSH', key, unpack(texts, first, math.min(first + 999, #texts)))
    end
  end

  -- Writes a log that stands as `state` says: of the `len` entries there were the first `kept`, then the
  -- `tail`, without the first `drop` of them. Again for a key that a call takes from twice: the later one
  -- says it all. What may be refused for want of memory comes first.
  local function save_log(key, state)
    local head = string.format('%.0f %.0f %.0f', state.free_at, state.blocked_until, state.base)
    local texts = {}
    for _, entry in ipairs(state.tail) do
      texts[#texts + 1] = digits(entry.at) .. ' ' .. digits(entry.sum)
    end
    if not state.key then
      if redis.call('TYPE', key).ok ~= 'none' then
        redis.call('DEL', key)
      end
      table.insert(texts, 1, head)
      push(key, texts)
      return
    end
    if state.kept == state.len - 1 and #texts > 0 then
      redis.call('LSET', key, -1, table.remove(texts, 1))
    elseif state.kept < state.len then
      redis.call('LTRIM', key, 0, state.kept)
    end
    push(key, texts)
    local kept = string.match(redis.call('LINDEX', key, 0), ' (%d+)$')
    if kept == digits(state.base) then
      redis.call('LSET', key, 0, head)
    else
      redis.call('LTRIM', key, state.drop + 1, -1)
      redis.call('LPUSH', key, head)
    end
  end

  return { load = load_log, save = save_log }
end

local made_log

-- Made when it is first needed: most calls touch no log.
local function logs()
  made_log = made_log or log_store()
  return made_log
end
