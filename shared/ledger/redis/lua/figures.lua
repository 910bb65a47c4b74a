-- figures: each pool's addresses by state and the first that use them, and who waits. Costs pools and waiters, not nodes.
-- KEYS[1] root; ARGV 1 how many holders of each pool
-- Output {now (ms), epoch, {pool, free, used, taken, out, {attachment JSON, leases, …}, …},
--         {pod UID, seen (ms), position or 0, JSON…}}
local pools, waiters = {}, {}
for _, hash in ipairs({ 'pools', 'retired' }) do
  for _, pool in ipairs(redis.call('HKEYS', key(hash))) do
    pools[#pools + 1] = pool
    for _, state in ipairs({ 'free', 'used', 'taken', 'out' }) do pools[#pools + 1] = redis.call('ZCARD', key(state, pool)) end
    local holders = {}
    for _, id in ipairs(redis.call('ZRANGE', key('used', pool), 0, ARGV[1] - 1)) do
      local machine = redis.call('HGET', key('holders'), id)
      holders[#holders + 1] = redis.call('HGET', key('attachments'), machine)
      holders[#holders + 1] = count_leases(machine)
    end
    pools[#pools + 1] = holders
  end
end
add_waiters(waiters)
return { now, redis.call('GET', key('epoch')) or '', pools, waiters }
