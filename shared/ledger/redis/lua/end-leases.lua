-- end-leases: ends every lease on a machine, on evidence that its pods cannot use it any more.
-- KEYS[1] root; ARGV 1 machine
-- Output 1
end_leases(ARGV[1])
return 1
