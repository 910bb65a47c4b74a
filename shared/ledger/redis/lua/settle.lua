-- settle: records how a job ended.
-- KEYS[1] root; ARGV 1 machine, 2 fence, 3 settlement (JSON, see the port)
-- Output 1 | 0 when the fence is old: nothing was changed
local attachment = get('attachments', ARGV[1])
if not attachment or attachment.fence ~= ARGV[2] then return 0 end
if attachment.state ~= 'attaching' and attachment.state ~= 'detaching' then return 0 end
local machine, settlement = attachment.machine, cjson.decode(ARGV[3])
local outcome = settlement.outcome
attachment.deadline, attachment.lingerUntil = 0, 0

local function hand_back_leases()
  for _, uid in ipairs(pods_on(machine)) do
    local pod = get('pods', uid)
    drop_lease(machine, uid)
    if pod then note_history('released', attachment, 'pod', pod.pod, 'uid', uid) end
    if pod and pod.state == 'held' then
      pod.state, pod.reason, pod.detail = 'waiting', 'exhausted', 'the attach failed: ' .. settlement.message
      put_waiter(uid, pod)
      put_queued(uid, pod, true)
      wake(uid)
    else
      redis.call('HDEL', key('pods'), uid)
    end
  end
end

-- A detach that failed is never taken for done, nor may an address go whose attach may come true yet, nor a node be forgotten
-- that an attempt has left without a way out, or may have: unless it is gone, was seen to have one, or another address may do better.
local HAS_A_WAY_OUT = { NODE_UNKNOWN = true, NODE_FOREIGN_ADDRESS = true, NODE_PRIVATE = true }
local function is_given_up()
  if attachment.state ~= 'attaching' or unsure_until(attachment) > now then return false end
  return not attachment.stranded or settlement.addressAtFault or HAS_A_WAY_OUT[settlement.code] == true
end

if outcome == 'attached' then
  attachment.state, attachment.since = 'attached', now
  attachment.hadEphemeral = attachment.hadEphemeral or settlement.hadEphemeral
  if count_leases(machine) == 0 then attachment.lingerUntil = linger_until(attachment) end
  attachment.problem, attachment.stranded = nil, nil
  put_attachment(attachment)
  note_history('attached', attachment)
  mark_address(attachment.pool, attachment.id, 'used')
  redis.call('HDEL', key('problems'), machine)
  for _, uid in ipairs(pods_on(machine)) do wake(uid) end
elseif outcome == 'kept' then
  attachment.state, attachment.since = 'kept', now
  put_attachment(attachment)
  note_history('kept', attachment)
  wake_waiters_on(attachment.node)
elseif outcome == 'detached' or outcome == 'absent' then
  drop_attachment(attachment)
  note_history('detached', attachment)
  free_address(attachment.pool, attachment.id)
  wake_waiters_on(attachment.node)
elseif outcome == 'failed' and is_given_up() then
  drop_attachment(attachment)
  note_history('failed', attachment, 'code', settlement.code)
  if settlement.addressAtFault then
    mark_address(attachment.pool, attachment.id, 'taken')
  else
    local problem = get('problems', machine) or { count = 0 }
    problem.count = problem.count + 1
    problem.code, problem.message = settlement.code, settlement.message
    problem['until'] = now + math.min(300000, 2500 * 2 ^ math.min(problem.count, 7))
    put('problems', machine, problem)
    free_address(attachment.pool, attachment.id)
  end
  hand_back_leases()
else -- to be tried again
  attachment.deadline = now + (settlement.retryAfterMs or 15000)
  attachment.lingerUntil = now + DOUBT_MS
  if settlement.code == 'NODE_WITHOUT_ADDRESS' then attachment.stranded = true end
  attachment.problem = settlement.code .. ': ' .. settlement.message
  put_attachment(attachment)
end
changed(machine)
return 1
