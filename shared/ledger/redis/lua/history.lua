-- history: what befell addresses, oldest first.
-- KEYS[1] root; ARGV 1 the entry before the first one that is wanted, '' from the oldest that is kept, 2 how many at most
-- Output {{id, {field, value, …}}, …}
return redis.call('XRANGE', key('history'), ARGV[1] == '' and '-' or '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
