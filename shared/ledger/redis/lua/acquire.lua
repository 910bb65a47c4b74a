-- acquire: takes or refreshes a pod's lease on its node, or queues the pod.
-- KEYS[1] root
-- ARGV 1 pod UID, 2 namespace/name, 3 namespace/service account, 4 node name, 5 pool, 6 lease life (ms),
--      7 clouds that the caller can do work for, comma-separated, 8 the node's UID or '', 9 1 when the pod's app runs,
--      10 hash of the secret that the lease is spoken for with, or '', 11 kind of the pod's note or '', 12 its detail
-- Output {'attached', ip, fence, expires (ms), pool} | {'work', job, pool} | {'waiting', reason, detail, position, waiting, pool}
local uid, name, account, node_name, pool_name = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local lease_ms, may, running = tonumber(ARGV[6]), ARGV[7], ARGV[9] == '1'

if not is_noted() then
  if string.find(redis.call('INFO', 'replication'), 'role:slave', 1, true) then
    return redis.error_reply('READONLY this Redis is a replica')
  end
  local detail = 'another Redis answers than the one that the controller has seen last: it has to look at this one first'
  return { 'waiting', 'ledger-doubtful', detail, 0, 0, redis.call('HGET', key('pools'), pool_name) or '' }
end
purge_waiters()
local known = get('pods', uid)
local pod = { pod = name, account = account, node = node_name, pool = pool_name, since = known and known.since or now }
if ARGV[10] ~= '' then pod.secret = ARGV[10] elseif running and known then pod.secret = known.secret end
if ARGV[11] ~= '' then pod.note, pod.noteDetail = ARGV[11], ARGV[12] end
local text = redis.call('HGET', key('pools'), pool_name)
local node = get('nodes', node_name)
if node and ARGV[8] ~= '' and node.uid ~= ARGV[8] then node = nil end -- an older node of that name
local machine = node and node.machine.id or ''

-- A pod never moves: a lease on another machine, or in another pool, is a leftover.
if known and known.state ~= 'waiting' and (known.machine ~= machine or known.pool ~= pool_name) and node then
  end_lease(uid, known)
  known = nil
end
if known and known.state == 'waiting' and known.pool ~= pool_name then drop_queued(uid, known) end
local holds = known ~= nil and known.state ~= 'waiting'
if holds and not text then text = pool_text(pool_name) end

-- `queue`: 'in turn' for a free address, 'at quota' until the namespace may have one more.
local function wait(reason, detail, queue)
  if holds then -- it waits again: it has lost its address
    drop_lease(known.machine, uid)
    local carrier = get('attachments', known.machine)
    if carrier then note_history('released', carrier, 'pod', known.pod, 'uid', uid) end
  end
  pod.state, pod.reason, pod.detail, pod.machine = 'waiting', reason, detail, machine
  put_waiter(uid, pod)
  if not known or known.reason ~= reason or known.note ~= pod.note then changed(machine) end
  if queue then put_queued(uid, pod, queue == 'in turn') else drop_queued(uid, pod) end
  if queue ~= 'in turn' then return { 'waiting', reason, detail, 0, 0, text or '' } end
  return { 'waiting', reason, detail, place_of(uid, pod), redis.call('ZCARD', key('waiting', pool_name)), text or '' }
end

local function attaching()
  return { 'waiting', 'attaching', 'the address is being attached to the node', 0, 0, text }
end

-- An emptied ledger is filled from the cloud before it grants anything, and to a pod that does not run yet only what was read
-- when nothing of the old epoch could come true any more.
local trusted_from = emptied_at() + (running and 0 or OLD_ACTOR_MS)
local function filling(queue)
  return wait('ledger-doubtful', 'the ledger had lost data and was emptied: it is being filled from the cloud', queue)
end

if not text and emptied_at() ~= 0 and now < trusted_from then return filling() end
if not text then return wait('pool-unknown', "there is no pool '" .. pool_name .. "'") end
local pool = cjson.decode(text)

local namespace = namespace_of(pod)
local function allowed()
  local allow = pool.allow
  if not allow or (not allow.namespaces and not allow.serviceAccounts) then return true end
  for _, entry in ipairs(allow.namespaces or {}) do if entry == namespace then return true end end
  for _, entry in ipairs(allow.serviceAccounts or {}) do if entry == account then return true end end
  return false
end
if not holds and not running and not allowed() then
  return wait('pool-not-allowed', "pool '" .. pool_name .. "' does not allow the service account " .. account)
end
if not node then
  local detail = "node '" .. node_name .. "' is not in the node directory yet"
  if holds then return { 'waiting', 'node-unknown', detail, 0, 0, text } end -- a lease ends by evidence, not by a missing row
  return wait('node-unknown', detail)
end
if node.cloud ~= pool.cloud then
  return wait('node-other-cloud', 'node ' .. node_name .. ' is of cloud ' .. node.cloud .. ', the pool of ' .. pool.cloud)
end

if not holds and emptied_at() ~= 0 and read_at_of(pool_name) < trusted_from then return filling('in turn') end
if not holds and not running and not is_restored() then
  return wait('ledger-doubtful', 'the ledger had lost data and was emptied: pods that run get their leases back first', 'in turn')
end

if running and known then wake(uid) end -- its sidecar asks, too
local attachment = get('attachments', machine)
if attachment and attachment.pool ~= pool_name then
  if attachment.state == 'attached' and count_leases(machine) == 0 then
    attachment.lingerUntil = now -- nobody needs it: make room
    put_attachment(attachment)
    changed(machine)
  elseif attachment.state ~= 'detaching' then
    return wait('node-other-pool', 'node ' .. node_name .. " serves pool '" .. attachment.pool .. "'")
  end
  return wait('detaching', "the address of pool '" .. attachment.pool .. "' is being taken off the node", 'in turn')
end
if attachment and attachment.state == 'detaching' then
  changed(machine)
  return wait('detaching', 'the address that the node had is being taken off it', 'in turn')
end
if attachment and (attachment.state == 'attached' or attachment.state == 'kept') then
  attachment.state, attachment.lingerUntil = 'attached', 0
  if count_leases(machine) == 0 then count_for(attachment, namespace) end
  add_lease(uid, pod, attachment, lease_ms)
  put_attachment(attachment)
  changed(machine)
  return { 'attached', attachment.ip, attachment.fence, now + lease_ms, text }
end
if attachment then -- attaching
  if count_leases(machine) == 0 then count_for(attachment, namespace) end
  add_lease(uid, pod, attachment, lease_ms)
  put_attachment(attachment)
  if attachment.deadline > now or not may_work(may, pool) then return attaching() end
  start_work(attachment, 'attaching')
  local job, job_pool = job_of('attach', attachment)
  return { 'work', job, job_pool }
end

local problem = get('problems', machine)
if problem and problem['until'] > now then return wait('node-problem', problem.code .. ': ' .. problem.message) end

if not running and pool.maxAddressesPerNamespace then
  local detail = at_quota(pool_name, namespace, pool.maxAddressesPerNamespace)
  if detail then return wait('quota', detail, 'at quota') end
end
-- An address is taken only beyond those that waiting nodes with an earlier turn will take.
local free = redis.call('ZCARD', key('free', pool_name))
local function is_behind()
  if running or redis.call('EXISTS', key('turns', pool_name)) == 0 then return false end
  join_queue(uid, pod)
  return free <= #waiting_nodes(pool_name, free, uid, machine)
end
if free == 0 or is_behind() then
  return wait('exhausted', "every address of pool '" .. pool_name .. "' is in use", 'in turn')
end
local id = redis.call('ZRANGE', key('free', pool_name), 0, 0)[1]
local address = get('addresses:' .. pool_name, id)
mark_address(pool_name, id, 'used')
local reserved = {
  machine = machine, providerId = node.machine.providerId, node = node_name, pool = pool_name,
  id = id, ip = address.ip, state = 'attaching', since = now, hadEphemeral = false, deadline = work_from(), lingerUntil = 0, unsureUntil = 0, fence = '',
}
add_lease(uid, pod, reserved, lease_ms)
count_for(reserved, namespace)
if turn_of(pool_name, namespace) then set_turn(pool_name, namespace, now) end
changed(machine)
if reserved.deadline > now or not may_work(may, pool) then
  put_attachment(reserved)
  return attaching()
end
start_work(reserved, 'attaching')
local job, job_pool = job_of('attach', reserved)
return { 'work', job, job_pool }
