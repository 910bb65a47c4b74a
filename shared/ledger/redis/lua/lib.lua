-- Put behind trust.lua, before every command: the records and the rules that several commands keep.

local HISTORY_LENGTH = 10000

-- For people who ask later who had an address when; no rule reads it. A user whose ACL is older than it, or a full Redis, keeps none.
local function note_history(kind, attachment, ...)
  redis.pcall('XADD', key('history'), 'MAXLEN', '~', HISTORY_LENGTH, '*', 'kind', kind, 'at', now, 'pool', attachment.pool,
    'ip', attachment.ip, 'node', attachment.node, 'machine', attachment.machine, ...)
end

-- The pool's JSON text; a retired pool is served until its last lease ends.
local function pool_text(name)
  return redis.call('HGET', key('pools'), name) or redis.call('HGET', key('retired'), name)
end

local function linger_until(attachment)
  local text = redis.call('HGET', key('pools'), attachment.pool)
  local node_is_there = redis.call('HEXISTS', key('machines'), attachment.machine) == 1
  if not text or not node_is_there then return now end
  return now + cjson.decode(text).lingerSeconds * 1000
end

-- From then on what the last attempt asked of the cloud has come true or never will, also where its actor has not settled.
local function sure_from(attachment)
  return attachment.lingerUntil ~= 0 and attachment.lingerUntil or attachment.deadline + DOUBT_MS
end
-- Until then what an attempt before the last one asked may come true.
local function unsure_until(attachment) return attachment.unsureUntil or 0 end

local function count_leases(machine) return redis.call('ZCARD', key('leases', machine)) end
local function pods_on(machine) return redis.call('ZRANGE', key('leases', machine), 0, -1) end

-- What is to be done on an attachment next, and from when on; nothing when time alone makes nothing due.
local function next_work(attachment)
  local machine, state = attachment.machine, attachment.state
  local idle = count_leases(machine) == 0
  if state == 'attaching' then
    if not idle then return 'attach', attachment.deadline end
    -- Nobody wants the address any more: whatever its actor has done is undone.
    return 'detach', math.max(attachment.deadline, sure_from(attachment))
  end
  if state == 'detaching' then return 'detach', attachment.deadline end
  if state == 'attached' and idle then return 'detach', math.max(attachment.lingerUntil, unsure_until(attachment)) end
  if state == 'kept' and redis.call('HEXISTS', key('machines'), machine) == 0 then
    local text = pool_text(attachment.pool)
    if not text or cjson.decode(text).onRelease ~= 'keep' then return 'detach', 0 end
  end
end

-- The index of work follows: to be called when the attachment, its first or last lease, its node or its pool changed.
local function note_work(machine, attachment)
  attachment = attachment or get('attachments', machine)
  local kind, at
  if attachment then kind, at = next_work(attachment) end
  if not kind then redis.call('ZREM', key('work'), machine) return end
  redis.call('ZADD', key('work'), at, machine)
  if at <= now then redis.call('PUBLISH', key('changed'), 'due ' .. machine) end
end

local function put_attachment(attachment)
  put('attachments', attachment.machine, attachment)
  redis.call('HSET', key('holders'), attachment.id, attachment.machine)
  note_work(attachment.machine, attachment)
end

-- It was taken away: from pods that use it, or from a node that nobody needs it on.
local function work_again(attachment, state)
  note_history('lost', attachment)
  attachment.state = state
  attachment.deadline = math.max(now, work_from(), state == 'detaching' and unsure_until(attachment) or 0)
  attachment.lingerUntil = now -- nothing was asked since
  put_attachment(attachment)
  changed(attachment.machine)
end

-- The index of expiries follows: a machine by when the first of its leases ends.
local function note_expiry(machine)
  local first = redis.call('ZRANGE', key('leases', machine), 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', key('expiries'), first[2], machine) else redis.call('ZREM', key('expiries'), machine) end
end

-- Pods use it, or the next one would be told that it is there.
local function is_relied(attachment)
  return attachment.state == 'kept' or attachment.state == 'attached' and count_leases(attachment.machine) > 0
end

-- The last lease of the namespace that the attachment counts for is gone: it counts for that of the oldest which is left.
local function pass_on(machine)
  local attachment, oldest = get('attachments', machine), nil
  if not attachment or not attachment.namespace then return end
  for _, uid in ipairs(pods_on(machine)) do
    local pod = get('pods', uid)
    if pod and namespace_of(pod) == attachment.namespace then return end
    if pod and (not oldest or pod.since < oldest.since or pod.since == oldest.since and uid < oldest.uid) then
      oldest, pod.uid = pod, uid
    end
  end
  if not oldest then return end
  count_for(attachment, namespace_of(oldest))
  put_attachment(attachment)
end

-- With an attachment's first lease, the caller puts the attachment, too.
local function put_lease(machine, uid, expires)
  local is_new = redis.call('ZADD', key('leases', machine), expires, uid) == 1
  note_expiry(machine)
  return is_new
end

local function drop_lease(machine, uid)
  local was_there = redis.call('ZREM', key('leases', machine), uid) == 1
  note_expiry(machine)
  if not was_there then return end
  if count_leases(machine) == 0 then note_work(machine) else pass_on(machine) end
end

local function put_waiter(uid, pod)
  put('pods', uid, pod)
  redis.call('ZADD', key('seen'), now, uid)
  redis.call('SADD', key('waiters', pod.node), uid)
end

-- Waits for a free address; one that cannot get any before its namespace has room again is not seen in `waiting`.
local function put_queued(uid, pod, is_in_turn)
  if is_in_turn then
    if redis.call('ZADD', key('waiting', pod.pool), pod.since, uid) == 1 then join_older(pod.pool, 16) end
  else
    redis.call('ZREM', key('waiting', pod.pool), uid)
  end
  join_queue(uid, pod)
end

local function drop_queued(uid, pod)
  redis.call('ZREM', key('waiting', pod.pool), uid)
  leave_queue(uid, pod.pool, namespace_of(pod))
end

-- It holds a lease now, or waits no more.
local function drop_waiter(uid, pod)
  drop_queued(uid, pod)
  redis.call('ZREM', key('seen'), uid)
  redis.call('SREM', key('waiters', pod.node), uid)
end

local function forget_waiter(uid, pod)
  drop_waiter(uid, pod)
  redis.call('HDEL', key('pods'), uid)
end

-- What stands for a waiter in an answer: pod UID, when it last asked (ms), position or 0, JSON.
local function add_waiter(list, uid, place)
  local text = redis.call('HGET', key('pods'), uid)
  if not text then return end
  for _, value in ipairs({ uid, redis.call('ZSCORE', key('seen'), uid) or 0, place(uid, cjson.decode(text)), text }) do
    list[#list + 1] = value
  end
end

local function add_waiters(list)
  local pools = {}
  local function place(uid, pod)
    pools[pod.pool] = pools[pod.pool] or places(pod.pool)
    return pools[pod.pool][uid] or 0
  end
  for _, uid in ipairs(redis.call('ZRANGE', key('seen'), 0, -1)) do add_waiter(list, uid, place) end
end

local function purge_waiters()
  for _, uid in ipairs(redis.call('ZRANGEBYSCORE', key('seen'), '-inf', now - WAITER_LIFE_MS, 'LIMIT', 0, 100)) do
    local pod = get('pods', uid)
    if pod then forget_waiter(uid, pod) else redis.call('ZREM', key('seen'), uid) end
  end
end

local function wake_waiters_on(node)
  for _, uid in ipairs(redis.call('SMEMBERS', key('waiters', node))) do wake(uid) end
end

-- Each state has its index, in the pool's order: free:<pool>, used:<pool>, taken:<pool>, out:<pool>. `was`: the state before.
local function put_address(pool, id, address, was)
  put('addresses:' .. pool, id, address) -- first: a full Redis refuses what adds, but not once a script has taken away
  redis.call('ZADD', key(address.state, pool), address.rank, id)
  if was and was ~= address.state then redis.call('ZREM', key(was, pool), id) end
end

local function drop_address(pool, id, was)
  redis.call('ZREM', key(was, pool), id)
  redis.call('HDEL', key('addresses', pool), id)
end

local function drop_addresses(pool)
  for _, rows in ipairs({ 'addresses', 'free', 'used', 'taken', 'out' }) do redis.call('DEL', key(rows, pool)) end
end

-- Whether an attachment has an address of the pool.
local function in_use(pool) return redis.call('EXISTS', key('used', pool), key('out', pool)) > 0 end

local function mark_address(pool, id, state)
  local address = get('addresses:' .. pool, id)
  if not address then return end
  local was = address.state
  address.state, address.changed = state, now
  put_address(pool, id, address, was)
end

local function free_address(pool, id)
  local address = get('addresses:' .. pool, id)
  if not address then return end
  if address.state == 'out' or redis.call('HEXISTS', key('pools'), pool) == 0 then
    drop_address(pool, id, address.state)
  else
    mark_address(pool, id, 'free')
    wake_queue(pool)
  end
end

-- Its address is still marked as used; the caller marks or frees it.
local function drop_attachment(attachment)
  local pool = attachment.pool
  redis.call('HDEL', key('attachments'), attachment.machine)
  redis.call('HDEL', key('holders'), attachment.id)
  redis.call('ZREM', key('work'), attachment.machine)
  count_for(attachment, nil)
  if redis.call('HEXISTS', key('pools'), pool) == 1 then return end
  if redis.call('ZCARD', key('used', pool)) + redis.call('ZCARD', key('out', pool)) > 1 then return end
  redis.call('HDEL', key('retired'), pool)
  drop_addresses(pool)
end

-- What stands for a job in an answer: two texts, the job and its pool. A node that is gone keeps nothing.
local function job_of(kind, attachment)
  local job = {
    kind = kind,
    machine = { id = attachment.machine, providerId = attachment.providerId },
    node = attachment.node,
    address = { id = attachment.id, ip = attachment.ip },
    fence = attachment.fence,
    restoreEphemeral = attachment.hadEphemeral,
    nodeGone = redis.call('HEXISTS', key('machines'), attachment.machine) == 0,
  }
  return cjson.encode(job), pool_text(attachment.pool)
end

-- The caller becomes the actor of the attachment. Whoever was it and has not settled may have left the node without a way out.
local function start_work(attachment, state)
  if attachment.state == 'attaching' and attachment.fence ~= '' and attachment.lingerUntil == 0 then attachment.stranded = true end
  if attachment.state ~= state or attachment.fence == '' then note_history(state, attachment) end
  if attachment.state ~= state then attachment.since = now end
  attachment.state = state
  attachment.fence = new_fence()
  attachment.unsureUntil = math.max(unsure_until(attachment), sure_from(attachment))
  attachment.deadline = now + WORK_MS
  attachment.lingerUntil = 0
  put_attachment(attachment)
end

local function add_lease(uid, pod, attachment, lease_ms)
  local machine = attachment.machine
  if put_lease(machine, uid, now + lease_ms) then note_history('leased', attachment, 'pod', pod.pod, 'uid', uid) end
  drop_waiter(uid, pod)
  pod.state = 'held'
  pod.machine = machine
  pod.reason, pod.detail = nil, nil
  put('pods', uid, pod)
end

-- Takes a lease away. Answers the attachment when it was the last lease of an attached one: its linger has begun.
local function end_lease(uid, pod)
  redis.call('HDEL', key('pods'), uid)
  drop_lease(pod.machine, uid)
  changed(pod.machine)
  local attachment = get('attachments', pod.machine)
  if not attachment then return nil end
  note_history('released', attachment, 'pod', pod.pod, 'uid', uid)
  if count_leases(pod.machine) > 0 then return nil end
  if attachment.state == 'attaching' and attachment.fence == '' then -- nobody has begun: nothing to undo
    drop_attachment(attachment)
    note_history('detached', attachment)
    free_address(attachment.pool, attachment.id)
    return nil
  end
  if attachment.state ~= 'attached' then return nil end
  attachment.lingerUntil = linger_until(attachment)
  put_attachment(attachment)
  return attachment
end

local function end_leases(machine)
  for _, uid in ipairs(pods_on(machine)) do
    local pod = get('pods', uid)
    if pod then end_lease(uid, pod) else drop_lease(machine, uid) end
  end
end

local function may_work(list, pool)
  return string.find(',' .. list .. ',', ',' .. pool.cloud .. ',', 1, true) ~= nil
end
