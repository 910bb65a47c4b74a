-- due: what the controller has to look at now.
-- KEYS[1] root; ARGV 1 since when machines have changed (ms): what changed before is known and forgotten; or ''
-- Output {now (ms), epoch, next (ms) or 0, {machine, …}, {pod UID, expires (ms), pod JSON, …}, {changed machine, …}}
purge_waiters()
local machines, expired, next_at = {}, {}, 0
local function later(at) if at > now and (next_at == 0 or at < next_at) then next_at = at end end

-- A sidecar of an older version keeps no indices: what they say is held against the records, and put right.
for _, machine in ipairs(redis.call('ZRANGEBYSCORE', key('work'), '-inf', now)) do
  local attachment = get('attachments', machine)
  local kind, at
  if attachment then kind, at = next_work(attachment) end
  if not kind or at > now then
    note_work(machine, attachment)
  elseif kind == 'attach' or may_detach(attachment.pool) then
    machines[#machines + 1] = machine
  else
    later(tonumber(beaten('doubtUntil')) or 0)
  end
end
for _, machine in ipairs(redis.call('ZRANGEBYSCORE', key('expiries'), '-inf', now)) do
  local overdue = redis.call('ZRANGEBYSCORE', key('leases', machine), '-inf', now, 'WITHSCORES')
  for index = 1, #overdue, 2 do
    for _, told in ipairs({ overdue[index], overdue[index + 1], redis.call('HGET', key('pods'), overdue[index]) or '{}' }) do
      expired[#expired + 1] = told
    end
  end
  local next = redis.call('ZRANGEBYSCORE', key('leases', machine), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if next[2] then later(tonumber(next[2])) end
  if #overdue == 0 then note_expiry(machine) end
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
