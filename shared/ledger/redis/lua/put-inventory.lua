-- put-inventory: takes in what the cloud says of a pool's addresses; a large pool comes in several parts.
-- KEYS[1] root; ARGV 1 pool, 2 this ledger's time before the read (ms), 3 'more' | 'last', 4 rank of the first row here,
--   5 rows here, then for each of them in order: id, ip, machine or ''; in the last part the ids of the parts before follow
-- Output {adopted, lost, {attachment, …}}: how many addresses without a record were adopted, how many attachments are attached
--   again, and (in the last part) those that pods use though their address is out of the pool
local pool, read_at, is_last, first, rows = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'last', tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('HEXISTS', key('pools'), pool) == 0 or not is_noted() then return { 0, 0, {} } end
if read_at < emptied_at() then return { 0, 0, {} } end -- of the ledger before
local adopted, lost = 0, 0

local function holder_of(id)
  local machine = redis.call('HGET', key('holders'), id)
  return machine and get('attachments', machine)
end

-- A sidecar of an older version keeps no index of what it attached, nor of the leases there.
local function index_older(id, machine)
  local attachment = get('attachments', machine)
  if not attachment or attachment.id ~= id then return end
  put_attachment(attachment)
  note_expiry(machine)
  return attachment
end

local function adopt(machine, id, ip)
  local name = redis.call('HGET', key('machines'), machine)
  if not name or redis.call('HEXISTS', key('attachments'), machine) == 1 then return false end
  local node = get('nodes', name)
  local attachment = {
    machine = machine, providerId = node.machine.providerId, node = name, pool = pool, id = id, ip = ip,
    state = 'attached', since = now, hadEphemeral = true, deadline = 0, unsureUntil = 0, fence = new_fence(),
    -- Time for sidecars that already use it to come back.
    lingerUntil = math.max(linger_until({ pool = pool, machine = machine }), now + 120000),
  }
  put_attachment(attachment)
  note_history('adopted', attachment)
  changed(machine)
  adopted = adopted + 1
  return true
end

local function take_in(rank, id, ip, on)
  local before = get('addresses:' .. pool, id)
  if before and before.rank == rank and before.ip == ip and before.state == (on == '' and 'free' or 'used')
    and (redis.call('HGET', key('holders'), id) or '') == on then return end -- as nearly always: all is as it was
  local attachment = holder_of(id) or index_older(id, on)
  -- The read may be older than what this ledger knows: clouds answer old state for a while.
  local recent = before and before.changed > read_at - SETTLE_MS
  local state = before and before.state
  if attachment and not recent and attachment.state == 'kept' and on ~= attachment.machine then
    drop_attachment(attachment) -- it went with its machine
    note_history('detached', attachment)
    changed(attachment.machine)
    attachment = nil
  end
  if attachment then
    state = 'used'
    if not recent and attachment.state == 'attached' and on ~= attachment.machine then
      -- It was taken away. Where nobody needs it, the node may still want its ephemeral address back.
      local needed = count_leases(attachment.machine) > 0
      work_again(attachment, needed and 'attaching' or 'detaching')
      if needed then lost = lost + 1 end
    end
  elseif not recent then
    if on == '' then state = 'free' elseif adopt(on, id, ip) then state = 'used' else state = 'taken' end
  end
  if before and before.state == state and before.rank == rank and before.ip == ip then return end
  -- As of the read, not of now: a later read may know better.
  local since = before and before.state == state and before.changed or read_at
  put_address(pool, id, { ip = ip, state = state, rank = rank, changed = since }, before and before.state)
end

for row = 0, rows - 1 do
  local at = 6 + row * 3
  take_in(first + row, ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
if not is_last then return { adopted, lost, {} } end

local listed, count, out = {}, 0, {}
local function list(id) if not listed[id] then listed[id], count = true, count + 1 end end
for row = 0, rows - 1 do list(ARGV[6 + row * 3]) end
for index = 6 + rows * 3, #ARGV do list(ARGV[index]) end
-- All that are listed have a row by now: as many rows are all there are.
local known = redis.call('HLEN', key('addresses', pool)) > count and redis.call('HKEYS', key('addresses', pool)) or {}
for _, id in ipairs(known) do
  if not listed[id] then
    local attachment = holder_of(id)
    local node_is_there = attachment and redis.call('HEXISTS', key('machines'), attachment.machine) == 1
    if attachment and (attachment.state ~= 'kept' or node_is_there) then
      if get('addresses:' .. pool, id).state ~= 'out' then mark_address(pool, id, 'out') end
      if is_relied(attachment) then out[#out + 1] = cjson.encode(attachment) end
    else
      if attachment then -- neither the address nor the node is ours any more
        drop_attachment(attachment)
        note_history('detached', attachment)
        changed(attachment.machine)
      end
      drop_address(pool, id, get('addresses:' .. pool, id).state)
    end
  end
end
join_older(pool, 1000)
local before = read_at_of(pool)
redis.call('HSET', key('inventories'), pool, math.max(before, read_at))
wake_queue(pool)
if emptied_at() ~= 0 and before < emptied_at() + OLD_ACTOR_MS then
  for _, uid in ipairs(redis.call('ZRANGE', key('seen'), 0, -1)) do
    local pod = get('pods', uid)
    if pod and pod.reason == 'ledger-doubtful' then wake(uid) end
  end
end
return { adopted, lost, out }
