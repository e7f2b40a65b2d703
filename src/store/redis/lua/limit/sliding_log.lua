-- src/limit/sliding_log.rs, over the list of log.lua: entries are found by halving, and few are read.
local function sliding_log()
  -- Of the i-th entry, from 1: its instant, and what was taken up to it. One that cannot be read is of
  -- the beginning of time.
  local function entry(s, i)
    if s.entries then
      return s.entries[i].at, s.entries[i].sum
    end
    local at, sum = string.match(redis.call('LINDEX', s.key, i), '^(%d+) (%d+)$')
    return integer(at) or 0, integer(sum) or s.base
  end

  local function sum_to(s, i)
    if i == 0 then
      return s.base
    end
    local _, sum = entry(s, i)
    return sum
  end

  -- The first entry from the `from`-th on of which `holds` is true, as it is of all later ones; one
  -- more than there are when it is of none.
  local function first(s, from, holds)
    local low, high = from, s.len + 1
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

  -- What counts still, oldest first: instants and costs.
  local function counting(s)
    local takes, before = {}, sum_to(s, s.live - 1)
    for i = s.live, s.len do
      local at, sum = entry(s, i)
      takes[#takes + 1] = { at = at, cost = sum - before }
      before = sum
    end
    return takes
  end

  -- Puts these takes, oldest first, in place of what there is.
  local function replace(s, takes)
    s.entries, s.base, s.len, s.live, s.total = {}, 0, #takes, 1, 0
    for i, take in ipairs(takes) do
      s.total = s.total + take.cost
      s.entries[i] = { at = take.at, sum = s.total }
      s.last_at = take.at
    end
    s.used = s.total
  end

  local function free_at(s)
    return s.used > 0 and s.last_at + s.window_ms or 0
  end

  -- The newest of these takes, oldest first, whose cost is at most `most` together; of one instant, one.
  local function newest(takes, most)
    table.sort(takes, function(a, b)
      return a.at > b.at
    end)
    local kept = {}
    for _, take in ipairs(takes) do
      local cost = math.min(take.cost, most)
      most = most - cost
      if cost > 0 and kept[1] and kept[1].at == take.at then
        kept[1].cost = kept[1].cost + cost
      elseif cost > 0 then
        table.insert(kept, 1, { at = take.at, cost = cost })
      end
    end
    return kept
  end

  return {
    stand = function(state, limit, window_ms, _, now)
      local s = { key = state.key, entries = state.entries, base = state.base or 0, len = state.len or 0 }
      s.now, s.limit, s.window_ms = now, limit, window_ms
      s.last_at, s.total = 0, s.base
      if s.len > 0 then
        s.last_at, s.total = entry(s, s.len)
      end
      s.at = math.max(now, s.last_at)
      s.live = first(s, 1, function(at)
        return at + window_ms > s.at
      end)
      s.used = s.total - sum_to(s, s.live - 1)
      return s
    end,
    fits = function(s, cost)
      return cost <= s.limit - s.used
    end,
    remaining = function(s)
      return math.max(s.limit - s.used, 0)
    end,
    reset_ms = function(s)
      return math.max(free_at(s) - s.now, 0)
    end,
    wait_ms = function(s, cost)
      local enough = s.total + cost - s.limit
      local frees = first(s, s.live, function(_, sum)
        return sum >= enough
      end)
      -- None does for a cost above the limit, which no configuration lets come this far.
      return frees <= s.len and entry(s, frees) + s.window_ms - s.now or 0
    end,
    take = function(s, cost)
      if s.total > NUMBER_MAX - cost then
        replace(s, counting(s))
      end
      s.total, s.used, s.last_at = s.total + cost, s.used + cost, s.at
      s.push = { at = s.at, sum = s.total }
    end,
    give = function(s, cost)
      local takes = counting(s)
      while cost > 0 and #takes > 0 do
        local last = takes[#takes]
        local given = math.min(last.cost, cost)
        last.cost, cost = last.cost - given, cost - given
        if last.cost == 0 then
          takes[#takes] = nil
        end
      end
      replace(s, takes)
    end,
    merge = function(s, taken)
      local takes, most = counting(s), math.max(s.used, s.limit)
      for at, cost in string.gmatch(taken.text, '(%d+) (%d+)') do
        at = math.min(tonumber(at), s.at)
        if at + s.window_ms > s.at then
          takes[#takes + 1] = { at = at, cost = math.min(tonumber(cost), s.limit) }
        end
      end
      replace(s, newest(takes, most))
    end,
    kept = function(s)
      if s.entries and s.push then
        local last = s.entries[s.len]
        s.len = last and last.at == s.push.at and s.len or s.len + 1
        s.entries[s.len], s.push = s.push, nil
      end
      return {
        key = s.key,
        entries = s.entries,
        len = s.len,
        push = s.push,
        drop = s.live - 1,
        base = sum_to(s, s.live - 1),
        free_at = free_at(s),
      }
    end,
  }
end
