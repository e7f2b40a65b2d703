-- src/limit/sliding_log.rs, over the list of log.lua: entries are found by halving, and few are read.
local function sliding_log()
  -- Of the i-th entry, from 1: its instant, and what was taken up to it. One that cannot be read is of
  -- the beginning of time, and cost nothing.
  local function entry(s, i)
    local added = s.tail[i - s.kept]
    if added then
      return added.at, added.sum
    end
    local at, sum = string.match(redis.call('LINDEX', s.key, i) or '', '^(%d+) (%d+)$')
    at, sum = integer(at), integer(sum)
    return at or 0, at and sum or s.base
  end

  local function len(s)
    return s.kept + #s.tail
  end

  -- The first entry from the `from`-th on of which `holds` is true, as it is of all later ones; one
  -- more than there are when it is of none.
  local function first(s, from, holds)
    local low, high = from, len(s) + 1
    while low < high do
      local middle = math.floor((low + high) / 2)
      if holds(entry(s, middle)) then
        high = middle
      else
        low = middle + 1
      end
    end
    return low
  end

  -- The first entry with which so much was taken, from the first that counts on.
  local function reaching(s, sum)
    return first(s, s.live, function(_, upto)
      return upto >= sum
    end)
  end

  local function used(s)
    return s.total - s.base
  end

  local function free_at(s)
    return used(s) > 0 and s.last_at + s.window_ms or 0
  end

  -- Lets go of all but the newest `most`.
  local function cut(s, most)
    if used(s) > most then
      s.base = s.total - most
      s.live = reaching(s, s.base + 1)
    end
  end

  local function push(s, at, cost)
    if s.total > NUMBER_MAX - cost then
      -- Numbered anew, before a double would round.
      local entries = {}
      for i = s.live, len(s) do
        local was_at, sum = entry(s, i)
        entries[#entries + 1] = { at = was_at, sum = sum - s.base }
      end
      s.total, s.base, s.kept, s.tail, s.live = used(s), 0, 0, entries, 1
    end
    s.total = s.total + cost
    if at == s.last_at and s.live <= len(s) then
      if #s.tail == 0 then
        s.kept = s.kept - 1
        s.tail[1] = { at = at }
      end
      s.tail[#s.tail].sum = s.total
    else
      s.tail[#s.tail + 1] = { at = at, sum = s.total }
    end
    s.last_at = at
  end

  return {
    stand = function(state, limit, window_ms, _, now)
      local s = {
        key = state.key,
        len = state.len or 0,
        kept = state.kept or 0,
        tail = {},
        base = state.base or 0,
        last_at = state.last_at or 0,
        total = state.total or 0,
        now = now,
        limit = limit,
        window_ms = window_ms,
      }
      for i, added in ipairs(state.tail or {}) do
        s.tail[i] = { at = added.at, sum = added.sum }
      end
      s.at = math.max(now, s.last_at)
      s.live = first(s, 1, function(at)
        return at + window_ms > s.at
      end)
      if s.live > 1 then
        local _, before = entry(s, s.live - 1)
        s.base = math.min(math.max(s.base, before), s.total)
      end
      return s
    end,
    fits = function(s, cost)
      return cost <= s.limit - used(s)
    end,
    remaining = function(s)
      return math.max(s.limit - used(s), 0)
    end,
    reset_ms = function(s)
      return math.max(free_at(s) - s.now, 0)
    end,
    wait_ms = function(s, cost)
      local frees = reaching(s, s.total + cost - s.limit)
      -- None does for a cost above the limit, which no configuration lets come this far.
      return frees <= len(s) and entry(s, frees) + s.window_ms - s.now or 0
    end,
    take = function(s, cost)
      push(s, s.at, cost)
    end,
    give = function(s, cost)
      s.total = math.max(s.total - cost, s.base)
      local last = s.live - 1
      local tail = {}
      if s.total > s.base then
        last = reaching(s, s.total) - 1
        s.last_at = entry(s, last + 1)
        tail[1] = { at = s.last_at, sum = s.total }
      end
      if last >= s.kept then
        for i = 1, last - s.kept do
          table.insert(tail, i, s.tail[i])
        end
      end
      s.kept, s.tail = math.min(s.kept, last), tail
    end,
    merge = function(s, taken)
      local most = math.max(used(s), s.limit)
      local from = s.live <= len(s) and s.last_at or 0
      for at, cost in string.gmatch(taken.text, '(%d+) (%d+)') do
        at, cost = math.min(math.max(tonumber(at), from), s.at), math.min(tonumber(cost), s.limit)
        if cost > 0 and at + s.window_ms > s.at then
          push(s, at, cost)
        end
      end
      cut(s, most)
    end,
    kept = function(s)
      return {
        key = s.key,
        len = s.len,
        kept = s.kept,
        tail = s.tail,
        drop = s.live - 1,
        base = s.base,
        last_at = s.last_at,
        total = s.total,
        free_at = free_at(s),
      }
    end,
  }
end
