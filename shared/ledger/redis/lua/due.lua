-- due: what the controller has to look at now.
-- KEYS[1] root
-- Output {now (ms), epoch, next (ms) or 0, {machine, …}, {pod UID, expires (ms), pod JSON, …}}
purge_waiters()
local expired, next_at = {}, 0
local overdue = redis.call('ZRANGEBYSCORE', key('expiries'), '-inf', now, 'WITHSCORES')
for index = 1, #overdue, 2 do
  expired[#expired + 1] = overdue[index]
  expired[#expired + 1] = overdue[index + 1]
  expired[#expired + 1] = redis.call('HGET', key('pods'), overdue[index]) or '{}'
end
for _, index in ipairs({ 'work', 'expiries' }) do
  local first = redis.call('ZRANGEBYSCORE', key(index), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  local at = tonumber(first[2] or 0)
  if at > 0 and (next_at == 0 or at < next_at) then next_at = at end
end
return { now, redis.call('GET', key('epoch')) or '', next_at, redis.call('ZRANGEBYSCORE', key('work'), '-inf', now), expired }
