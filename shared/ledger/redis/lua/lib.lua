-- Put before every command, after clock.lua (`now`). KEYS[1] is the installation's root, static-egress:{<install>}; all keys derive from it, so they
-- share its hash slot. Values are JSON texts for people; times are milliseconds of this Redis' own clock.
local root = KEYS[1]
local WORK_MS, WAITER_LIFE_MS, SETTLE_MS, DOUBT_MS = 15000, 45000, 10000, 10000

local function key(...) return root .. ':' .. table.concat({ ... }, ':') end

-- Every command's last argument is its leader's term, '' for none: once a newer one has beaten, it changes nothing.
local function beaten(field) return redis.call('HGET', key('beat'), field) or '' end
local term = tonumber(table.remove(ARGV))
if term and term < (tonumber(beaten('term')) or 0) then
  return redis.error_reply('SUPERSEDED term ' .. term .. ' is over: the leader of term ' .. beaten('term') .. ' has beaten')
end

-- Another process than the one that was noted may have lost something.
local function server_id() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end

local function get(hash, field)
  local text = redis.call('HGET', key(hash), field)
  return text and cjson.decode(text) or nil
end
local function put(hash, field, value) redis.call('HSET', key(hash), field, cjson.encode(value)) end

local function wake(uid) redis.call('PUBLISH', key('wake', uid), '') end
local function changed(machine) redis.call('PUBLISH', key('changed'), machine) end

-- Grows with every attempt. The epoch is the moment this ledger began: a ledger that lost its data starts a later one.
local function new_fence()
  redis.call('SET', key('epoch'), now, 'NX')
  return redis.call('GET', key('epoch')) .. '.' .. redis.call('INCR', key('fence'))
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

local function count_leases(machine) return redis.call('ZCARD', key('leases', machine)) end
local function pods_on(machine) return redis.call('ZRANGE', key('leases', machine), 0, -1) end

local function forget_waiter(uid, pod)
  redis.call('ZREM', key('waiting', pod.pool), uid)
  redis.call('ZREM', key('seen'), uid)
  redis.call('HDEL', key('pods'), uid)
end

local function purge_waiters()
  for _, uid in ipairs(redis.call('ZRANGEBYSCORE', key('seen'), '-inf', now - WAITER_LIFE_MS, 'LIMIT', 0, 100)) do
    local pod = get('pods', uid)
    if pod then forget_waiter(uid, pod) else redis.call('ZREM', key('seen'), uid) end
  end
end

-- The nodes that wait for an address of the pool, oldest first, at most `limit`, up to (not counting) the pod `before`.
local function waiting_nodes(pool, limit, before, except)
  local machines, order = {}, {}
  for _, uid in ipairs(redis.call('ZRANGE', key('waiting', pool), 0, -1)) do
    if uid == before or #order >= limit then break end
    local pod = get('pods', uid)
    if pod and pod.machine ~= except and not machines[pod.machine]
      and redis.call('HEXISTS', key('attachments'), pod.machine) == 0 then
      machines[pod.machine] = true
      order[#order + 1] = uid
    end
  end
  return order
end

-- As many of the oldest waiting nodes as there are free addresses.
local function wake_queue(pool)
  local free = redis.call('ZCARD', key('free', pool))
  if free == 0 then return end
  for _, uid in ipairs(waiting_nodes(pool, free)) do wake(uid) end
end

local function wake_waiters_on(machine)
  for _, uid in ipairs(redis.call('ZRANGE', key('seen'), 0, -1)) do
    local pod = get('pods', uid)
    if pod and pod.machine == machine then wake(uid) end
  end
end

local function mark_address(pool, id, state)
  local address = get('addresses:' .. pool, id)
  if not address then return end
  address.state = state
  address.changed = now
  put('addresses:' .. pool, id, address)
  if state == 'free' then
    redis.call('ZADD', key('free', pool), address.rank, id)
  else
    redis.call('ZREM', key('free', pool), id)
  end
end

local function free_address(pool, id)
  local address = get('addresses:' .. pool, id)
  if address and (address.state == 'out' or redis.call('HEXISTS', key('pools'), pool) == 0) then
    redis.call('HDEL', key('addresses', pool), id)
    redis.call('ZREM', key('free', pool), id)
  else
    mark_address(pool, id, 'free')
    wake_queue(pool)
  end
end

local function drop_attachment(attachment)
  redis.call('HDEL', key('attachments'), attachment.machine)
  if redis.call('HEXISTS', key('pools'), attachment.pool) == 0 then
    local others = false
    for _, text in ipairs(redis.call('HVALS', key('attachments'))) do
      if cjson.decode(text).pool == attachment.pool then others = true end
    end
    if not others then
      redis.call('HDEL', key('retired'), attachment.pool)
      redis.call('DEL', key('addresses', attachment.pool), key('free', attachment.pool))
    end
  end
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

-- The caller becomes the actor of the attachment.
local function start_work(attachment, state)
  if attachment.state ~= state then attachment.since = now end
  attachment.state = state
  attachment.fence = new_fence()
  attachment.deadline = now + WORK_MS
  attachment.lingerUntil = 0
  put('attachments', attachment.machine, attachment)
end

local function add_lease(uid, pod, machine, lease_ms)
  redis.call('ZREM', key('seen'), uid)
  redis.call('ZREM', key('waiting', pod.pool), uid)
  redis.call('ZADD', key('leases', machine), now + lease_ms, uid)
  pod.state = 'held'
  pod.machine = machine
  pod.reason, pod.detail = nil, nil
  put('pods', uid, pod)
end

-- Takes a lease away. Answers the attachment when it was the last lease of an attached one: its linger has begun.
local function end_lease(uid, pod)
  redis.call('HDEL', key('pods'), uid)
  redis.call('ZREM', key('leases', pod.machine), uid)
  changed(pod.machine)
  if count_leases(pod.machine) > 0 then return nil end
  local attachment = get('attachments', pod.machine)
  if not attachment then return nil end
  if attachment.state == 'attaching' and attachment.deadline == 0 then -- nobody has begun: nothing to undo
    drop_attachment(attachment)
    free_address(attachment.pool, attachment.id)
    return nil
  end
  if attachment.state == 'attaching' then -- what was asked of the cloud may come true yet
    attachment.lingerUntil = now + DOUBT_MS
    put('attachments', attachment.machine, attachment)
  end
  if attachment.state ~= 'attached' then return nil end
  attachment.lingerUntil = linger_until(attachment)
  put('attachments', attachment.machine, attachment)
  return attachment
end

local function end_leases(machine)
  for _, uid in ipairs(pods_on(machine)) do
    local pod = get('pods', uid)
    if pod then end_lease(uid, pod) else redis.call('ZREM', key('leases', machine), uid) end
  end
end

local function may_work(list, pool)
  return string.find(',' .. list .. ',', ',' .. pool.cloud .. ',', 1, true) ~= nil
end
