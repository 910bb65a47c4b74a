-- release: ends a pod's lease, or its place in the queue.
-- KEYS[1] root; ARGV 1 pod UID, 2 clouds that the caller can do work for, comma-separated,
--      3 when the lease ends (ms): one that ends at another time is not known; or '', 4 hash of the lease's secret or ''
-- Output {'unknown'} | {'released', last 0|1} | {'released', 1, job, pool}: linger is 0, the caller is the detach's actor now
local uid, may = ARGV[1], ARGV[2]
local pod = get('pods', uid)
if not pod then return { 'unknown' } end
if not speaks_for(pod, ARGV[4]) then return wrong_secret(uid) end
if ARGV[3] ~= '' and tonumber(redis.call('ZSCORE', key('leases', pod.machine), uid)) ~= tonumber(ARGV[3]) then return { 'unknown' } end
if pod.state == 'waiting' then
  forget_waiter(uid, pod)
  wake_queue(pod.pool)
  return { 'released', 0 }
end
local attachment = end_lease(uid, pod)
if not attachment then return { 'released', 0 } end
local text = pool_text(attachment.pool)
local _, at = next_work(attachment)
if at > now or not text or not is_noted() or not may_detach(attachment.pool) or not may_work(may, cjson.decode(text)) then return { 'released', 1 } end
start_work(attachment, 'detaching')
local job, job_pool = job_of('detach', attachment)
return { 'released', 1, job, job_pool }
