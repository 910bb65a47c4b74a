-- put-inventory: takes in what the cloud says of a pool's addresses.
-- KEYS[1] root; ARGV 1 pool, 2 this ledger's time before the read (ms), then for each address in order: id, ip, machine or ''
-- Output {adopted, lost}: how many addresses without a record were adopted, and how many attachments are attached again
local pool, read_at = ARGV[1], tonumber(ARGV[2])
if redis.call('HEXISTS', key('pools'), pool) == 0 then return { 0, 0 } end
local adopted, lost = 0, 0
local holder = {}
for _, text in ipairs(redis.call('HVALS', key('attachments'))) do
  local attachment = cjson.decode(text)
  holder[attachment.id] = attachment
end

local function adopt(machine, id, ip)
  local name = redis.call('HGET', key('machines'), machine)
  if not name or redis.call('HEXISTS', key('attachments'), machine) == 1 then return false end
  local node = get('nodes', name)
  put('attachments', machine, {
    machine = machine, providerId = node.machine.providerId, node = name, pool = pool, id = id, ip = ip,
    state = 'attached', since = now, hadEphemeral = true, deadline = 0, fence = new_fence(),
    -- Time for sidecars that already use it to come back.
    lingerUntil = math.max(linger_until({ pool = pool, machine = machine }), now + 120000),
  })
  changed(machine)
  adopted = adopted + 1
  return true
end

local listed = {}
for index = 3, #ARGV, 3 do
  local id, ip, on = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  listed[id] = true
  local before = get('addresses:' .. pool, id)
  local attachment = holder[id]
  -- The read may be older than what this ledger knows: clouds answer old state for a while.
  local recent = before and before.changed > read_at - SETTLE_MS
  local state = before and before.state
  if attachment and not recent and attachment.state == 'kept' and on ~= attachment.machine then
    drop_attachment(attachment) -- it went with its machine
    changed(attachment.machine)
    attachment = nil
  end
  if attachment then
    state = 'used'
    if not recent and attachment.state == 'attached' and on ~= attachment.machine and count_leases(attachment.machine) > 0 then
      attachment.state, attachment.deadline = 'attaching', now -- it was taken away: it is attached again
      lost = lost + 1
      put('attachments', attachment.machine, attachment)
      changed(attachment.machine)
    end
  elseif not recent then
    if on == '' then state = 'free' elseif adopt(on, id, ip) then state = 'used' else state = 'taken' end
  end
  local rank = (index - 3) / 3
  put('addresses:' .. pool, id, { ip = ip, state = state, rank = rank, changed = before and before.state == state and before.changed or now })
  if state == 'free' then redis.call('ZADD', key('free', pool), rank, id) else redis.call('ZREM', key('free', pool), id) end
end
for _, id in ipairs(redis.call('HKEYS', key('addresses', pool))) do
  if not listed[id] then
    local attachment = holder[id]
    local node_is_there = attachment and redis.call('HEXISTS', key('machines'), attachment.machine) == 1
    if attachment and (attachment.state ~= 'kept' or node_is_there) then mark_address(pool, id, 'out') else
      if attachment then -- neither the address nor the node is ours any more
        drop_attachment(attachment)
        changed(attachment.machine)
      end
      redis.call('HDEL', key('addresses', pool), id)
      redis.call('ZREM', key('free', pool), id)
    end
  end
end
wake_queue(pool)
return { adopted, lost }
