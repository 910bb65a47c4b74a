-- due: what the controller has to look at now.
-- KEYS[1] root
-- Output {now (ms), epoch, next (ms) or 0, {machine, …}, {pod UID, expires (ms), pod JSON, …}}
purge_waiters()
local due, expired, next_at = {}, {}, 0
local function later(at) if at > now and (next_at == 0 or at < next_at) then next_at = at end end
for _, text in ipairs(redis.call('HVALS', key('attachments'))) do
  local attachment = cjson.decode(text)
  local machine, state = attachment.machine, attachment.state
  local idle = count_leases(machine) == 0
  if state == 'attaching' or state == 'detaching' then
    local when = attachment.deadline
    if state == 'attaching' and idle then when = math.max(when, attachment.lingerUntil) end
    if when <= now then due[#due + 1] = machine else later(when) end
  elseif state == 'attached' and idle then
    if attachment.lingerUntil <= now then due[#due + 1] = machine else later(attachment.lingerUntil) end
  elseif state == 'kept' and redis.call('HEXISTS', key('machines'), machine) == 0 then
    local pool = pool_text(attachment.pool)
    if not pool or cjson.decode(pool).onRelease ~= 'keep' then due[#due + 1] = machine end
  end
  if not idle then
    for _, uid in ipairs(redis.call('ZRANGEBYSCORE', key('leases', machine), '-inf', now)) do
      expired[#expired + 1] = uid
      expired[#expired + 1] = redis.call('ZSCORE', key('leases', machine), uid)
      expired[#expired + 1] = redis.call('HGET', key('pods'), uid) or '{}'
    end
    local first = redis.call('ZRANGEBYSCORE', key('leases', machine), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if first[2] then later(tonumber(first[2])) end
  end
end
return { now, redis.call('GET', key('epoch')) or '', next_at, due, expired }
