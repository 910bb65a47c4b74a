-- begin: makes the caller the actor of what is due on a machine, with a new fence.
-- KEYS[1] root; ARGV 1 machine
-- Output {} | {job, pool}
local attachment = get('attachments', ARGV[1])
if not attachment or not is_noted() then return {} end
local kind, at = next_work(attachment)
if not kind or at > now then
  note_work(ARGV[1], attachment) -- a sidecar of an older version keeps no index
  return {}
end
if kind == 'detach' and not may_detach(attachment.pool) then return {} end
start_work(attachment, kind == 'attach' and 'attaching' or 'detaching')
return { job_of(kind, attachment) }
