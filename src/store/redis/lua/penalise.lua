-- Blocks one key of one policy. A running longer block stays; counts stay as they are.
-- KEYS: the limit's key. ARGV: now, duration_ms. Returns { 1 }.

local now = clock(ARGV[1])
local state = load_state(KEYS[1])
state.blocked_until = math.max(state.blocked_until, now + tonumber(ARGV[2]))
save_state(KEYS[1], state, now)
return { 1 }
