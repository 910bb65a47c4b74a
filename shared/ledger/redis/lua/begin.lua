-- begin: makes the caller the actor of what is due on a machine, with a new fence.
-- KEYS[1] root; ARGV 1 machine
-- Output {} | {job, pool}
local attachment = get('attachments', ARGV[1])
if not attachment then return {} end
local idle = count_leases(attachment.machine) == 0

local function job(kind, state)
  start_work(attachment, state)
  local text, pool = job_of(kind, attachment)
  return { text, pool }
end

if attachment.state == 'attaching' then
  if attachment.deadline > now then return {} end
  if not idle then return job('attach', 'attaching') end
  if attachment.lingerUntil > now then return {} end
  -- The actor died and nobody wants the address any more: whatever it had done is undone.
  return job('detach', 'detaching')
end
if attachment.state == 'attached' and idle and attachment.lingerUntil <= now then return job('detach', 'detaching') end
if attachment.state == 'detaching' and attachment.deadline <= now then return job('detach', 'detaching') end
if attachment.state == 'kept' and redis.call('HEXISTS', key('machines'), attachment.machine) == 0 then
  local text = pool_text(attachment.pool)
  if not text or cjson.decode(text).onRelease ~= 'keep' then return job('detach', 'detaching') end
end
return {}
