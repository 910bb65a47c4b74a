-- snapshot: everything, or all about one machine (no pools and addresses then), at one moment.
-- KEYS[1] root; ARGV 1 machine or ''
-- Output {now (ms), epoch, {pool JSON…}, {node JSON…}, {pool, address id, JSON…}, {attachment JSON…},
--         {pod UID, expires (ms), JSON…}, {pod UID, seen (ms), position or 0, JSON…}, {machine, problem JSON…}}
local addresses, leases, waiters = {}, {}, {}
local function add(list, ...) for _, value in ipairs({ ... }) do list[#list + 1] = value end end
local function add_leases(machine)
  local rows = redis.call('ZRANGE', key('leases', machine), 0, -1, 'WITHSCORES')
  for index = 1, #rows, 2 do
    add(leases, rows[index], rows[index + 1], redis.call('HGET', key('pods'), rows[index]) or '{}')
  end
end
local function answer(pools, nodes, attachments, problems)
  return { now, redis.call('GET', key('epoch')) or '', pools, nodes, addresses, attachments, leases, waiters, problems }
end

if ARGV[1] ~= '' then
  local machine = ARGV[1]
  local attachment, problem = redis.call('HGET', key('attachments'), machine), redis.call('HGET', key('problems'), machine)
  local name = redis.call('HGET', key('machines'), machine)
  local node = name and redis.call('HGET', key('nodes'), name)
  add_leases(machine)
  local on = name or attachment and cjson.decode(attachment).node
  for _, uid in ipairs(on and redis.call('SMEMBERS', key('waiters', on)) or {}) do add_waiter(waiters, uid, place_of) end
  return answer({}, { node or nil }, { attachment or nil }, problem and { machine, problem } or {})
end

for _, hash in ipairs({ 'pools', 'retired' }) do
  for _, pool in ipairs(redis.call('HKEYS', key(hash))) do
    local rows = redis.call('HGETALL', key('addresses', pool))
    for index = 1, #rows, 2 do add(addresses, pool, rows[index], rows[index + 1]) end
  end
end
local attachments = redis.call('HVALS', key('attachments'))
for _, text in ipairs(attachments) do add_leases(cjson.decode(text).machine) end
add_waiters(waiters)
return answer(redis.call('HVALS', key('pools')), redis.call('HVALS', key('nodes')), attachments, redis.call('HGETALL', key('problems')))
