-- now: this ledger's time (ms), to hold an inventory's age against.
-- KEYS[1] root
-- Output ms
return now
