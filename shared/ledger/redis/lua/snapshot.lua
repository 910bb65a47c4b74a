-- snapshot: everything, at one moment.
-- KEYS[1] root
-- Output {now (ms), epoch, {pool JSON…}, {node JSON…}, {pool, address id, JSON…}, {attachment JSON…},
--         {pod UID, expires (ms), JSON…}, {pod UID, seen (ms), position or 0, JSON…}, {machine, problem JSON…}}
local addresses, leases, waiters = {}, {}, {}
local function add(list, ...) for _, value in ipairs({ ... }) do list[#list + 1] = value end end
for _, hash in ipairs({ 'pools', 'retired' }) do
  for _, pool in ipairs(redis.call('HKEYS', key(hash))) do
    local rows = redis.call('HGETALL', key('addresses', pool))
    for index = 1, #rows, 2 do add(addresses, pool, rows[index], rows[index + 1]) end
  end
end
local attachments = redis.call('HVALS', key('attachments'))
for _, text in ipairs(attachments) do
  local rows = redis.call('ZRANGE', key('leases', cjson.decode(text).machine), 0, -1, 'WITHSCORES')
  for index = 1, #rows, 2 do
    add(leases, rows[index], rows[index + 1], redis.call('HGET', key('pods'), rows[index]) or '{}')
  end
end
local seen = redis.call('ZRANGE', key('seen'), 0, -1, 'WITHSCORES')
for index = 1, #seen, 2 do
  local text = redis.call('HGET', key('pods'), seen[index])
  if text then
    local rank = redis.call('ZRANK', key('waiting', cjson.decode(text).pool), seen[index])
    add(waiters, seen[index], seen[index + 1], rank and rank + 1 or 0, text)
  end
end
return {
  now, redis.call('GET', key('epoch')) or '', redis.call('HVALS', key('pools')), redis.call('HVALS', key('nodes')),
  addresses, attachments, leases, waiters, redis.call('HGETALL', key('problems')),
}
