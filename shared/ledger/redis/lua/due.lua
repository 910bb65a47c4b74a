-- due: what the controller has to look at now.
-- KEYS[1] root; ARGV 1 since when machines have changed (ms): what changed before is known and forgotten; or ''
-- Output {now (ms), epoch, next (ms) or 0, {machine, …}, {pod UID, expires (ms), pod JSON, …}, {changed machine, …}}
purge_waiters()
local machines, expired, next_at = {}, {}, 0
local function later(at) if at > now and (next_at == 0 or at < next_at) then next_at = at end end

for _, machine in ipairs(redis.call('ZRANGEBYSCORE', key('work'), '-inf', now)) do
  local attachment = get('attachments', machine)
  if next_work(attachment) == 'attach' or may_detach(attachment.pool) then
    machines[#machines + 1] = machine
  else
    later(tonumber(beaten('doubtUntil')) or 0)
  end
end
local overdue = redis.call('ZRANGEBYSCORE', key('expiries'), '-inf', now, 'WITHSCORES')
for index = 1, #overdue, 2 do
  local uid, at = overdue[index], overdue[index + 1]
  local text = redis.call('HGET', key('pods'), uid)
  local ends = text and redis.call('ZSCORE', key('leases', cjson.decode(text).machine), uid)
  if ends == at then
    for _, told in ipairs({ uid, at, text }) do expired[#expired + 1] = told end
  elseif ends then
    redis.call('ZADD', key('expiries'), ends, uid) -- a sidecar of an older version has renewed, and keeps no index
  else
    redis.call('ZREM', key('expiries'), uid) -- or released
  end
end
for _, index in ipairs({ 'work', 'expiries' }) do
  local first = redis.call('ZRANGEBYSCORE', key(index), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if first[2] then later(tonumber(first[2])) end
end
local changes = {}
if ARGV[1] ~= '' then
  redis.call('ZREMRANGEBYSCORE', key('changes'), '-inf', '(' .. ARGV[1])
  changes = redis.call('ZRANGE', key('changes'), 0, -1)
end
return { now, redis.call('GET', key('epoch')) or '', next_at, machines, expired, changes }
