-- beat: the active controller's sign of life, and its doubts.
-- KEYS[1] root; ARGV 1 term or '', [2 the mirror's epoch, 3 its sequence, 4 the epoch whose leases are restored or '']
-- Output {epoch, sequence, doubt until (ms) or 0, {sign, …}}: any sign but 'gap' alone has emptied the ledger
local LEDGER_DOUBT_MS = 120000
local mirror, mirrored = ARGV[2], tonumber(ARGV[3])
local epoch, server = redis.call('GET', key('epoch')), server_id()
local last = { server = beaten('server'), at = tonumber(beaten('at')), sequence = tonumber(beaten('sequence')) or 0 }

local signs, lossy = {}, false
local function sign(name, found)
  if not found then return end
  signs[#signs + 1] = name
  lossy = lossy or name ~= 'gap'
end
sign('empty', mirror and not epoch)
sign('other-epoch', mirror and epoch and epoch ~= mirror)
sign('other-server', last.server ~= '' and last.server ~= server)
sign('older', mirror and epoch == mirror and last.sequence < mirrored)
sign('gap', last.at and math.abs(now - last.at) > BEAT_GAP_MS)

-- One way for all losses. Keys are found by their indices; the locks stay, whoever works holds on to them.
local function empty()
  local doomed = { key('epoch'), key('fence') }
  local function doom(...) doomed[#doomed + 1] = key(...) end
  local queued = {}
  for _, hash in ipairs({ 'pools', 'retired' }) do
    for _, pool in ipairs(redis.call('HKEYS', key(hash))) do
      queued[pool] = true
      for _, rows in ipairs({ 'addresses', 'free', 'used', 'taken', 'out' }) do doom(rows, pool) end
    end
  end
  for _, hash in ipairs({ 'attachments', 'machines' }) do
    for _, machine in ipairs(redis.call('HKEYS', key(hash))) do doom('leases', machine) end
  end
  for _, text in ipairs(redis.call('HVALS', key('attachments'))) do
    local attachment = cjson.decode(text)
    if attachment.namespace then doom('holdings', attachment.pool, attachment.namespace) end
  end
  for _, uid in ipairs(redis.call('ZRANGE', key('seen'), 0, -1)) do
    local pod = get('pods', uid)
    if pod then
      queued[pod.pool] = true
      doom('waiters', pod.node)
    end
    wake(uid)
  end
  for pool in pairs(queued) do
    for _, namespace in ipairs(redis.call('ZRANGE', key('turns', pool), 0, -1)) do doom('queue', pool, namespace) end
    for _, rows in ipairs({ 'waiting', 'turns' }) do doom(rows, pool) end
  end
  for _, name in ipairs({
    'pools', 'retired', 'nodes', 'machines', 'attachments', 'holders', 'work', 'expiries', 'changes', 'pods', 'seen', 'problems', 'inventories',
  }) do doom(name) end
  for first = 1, #doomed, 1000 do redis.call('DEL', unpack(doomed, first, math.min(first + 999, #doomed))) end
  redis.call('HSET', key('beat'), 'emptied', now)
  last.sequence = 0
  epoch = tostring(math.max(now, (tonumber(epoch) or 0) + 1, (tonumber(mirror) or 0) + 1))
  changed('')
end

if lossy then empty() end
if #signs > 0 then
  redis.call('HSET', key('beat'), 'doubtSince', now, 'doubtUntil', now + LEDGER_DOUBT_MS, 'signs', table.concat(signs, ','))
end
epoch = epoch or tostring(now)
redis.call('SET', key('epoch'), epoch)
redis.call('HSET', key('beat'), 'version', LEDGER_VERSION, 'sequence', last.sequence + 1, 'at', now, 'server', server)
if ARGV[4] == epoch and beaten('restored') ~= epoch then
  redis.call('HSET', key('beat'), 'restored', epoch)
  for _, pool in ipairs(redis.call('HKEYS', key('pools'))) do wake_queue(pool) end
end
if ARGV[1] ~= '' then redis.call('HSET', key('beat'), 'term', ARGV[1]) end
return { epoch, last.sequence + 1, tonumber(beaten('doubtUntil')) or 0, signs }
