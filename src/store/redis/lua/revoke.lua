-- Revokes a token. KEYS: the entry. ARGV: now, the caller's cut, the life in ms, 1 if that cut is final else 0.
-- Returns { 1 }.

revoke(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1', clock(ARGV[1]))
return { 1 }
