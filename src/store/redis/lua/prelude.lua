-- What every script begins with.
--
-- Numbers are doubles: every integer up to 2^53 is exact. No script reads, makes or returns a
-- number that could be another one. Instants and durations come in below 2^52 each (the caller
-- sees to it), so the sum of two is exact as well. What goes out is integers and short text.

local NUMBER_MAX = 9007199254740992

-- An entry's value says when it ends. Its TTL only collects it, this much later: so that a clock
-- stepping back finds it again, as it would in the memory store.
local SLACK_MS = 60000

-- tostring() would round from 15 digits on.
local function digits(number)
  return string.format('%.0f', number)
end

-- The integer a text is, or nil when it is none that a double holds exactly.
local function integer(text)
  if text == '0' then
    return 0
  end
  if not text or #text > 16 or not string.find(text, '^[1-9]%d*$') then
    return nil
  end
  local number = tonumber(text)
  -- 2^53 + 1 reads as 2^53.
  if number > NUMBER_MAX or number == NUMBER_MAX and text ~= digits(NUMBER_MAX) then
    return nil
  end
  return number
end

-- The instant to decide by: the given one, or the store's own for 0.
local function clock(given)
  local now = tonumber(given)
  if now > 0 then
    return now
  end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- What a key holds: text, nil when it is not there, '' (which no entry of ours is) when it holds
-- another type. Any other error ends the script, as it would from redis.call.
local function read(key)
  local value = redis.pcall('GET', key)
  if type(value) ~= 'table' then
    return value or nil
  end
  if string.find(value.err, 'WRONGTYPE', 1, true) then
    return ''
  end
  return redis.call('GET', key)
end

-- The TTL of an entry that ends at an instant.
local function life_ms(ends, now)
  return digits(math.max(ends - now, 0) + SLACK_MS)
end

-- Writes an entry that ends at an instant, in place of whatever was there.
local function keep(key, value, ends, now)
  redis.call('SET', key, value, 'PX', life_ms(ends, now))
end
