-- renew: extends a lease. A draining lease is not extended; an expired one that nobody ended is taken up again.
-- KEYS[1] root; ARGV 1 pod UID, 2 lease life (ms), 3 hash of the lease's secret or '', [4 kind of the pod's note or '', 5 its detail]
-- Output {'unknown'} | {'renewed', ip or '', expires (ms), late 0|1}
local uid, lease_ms = ARGV[1], tonumber(ARGV[2])
local pod = get('pods', uid)
if not pod or pod.state == 'waiting' then return { 'unknown' } end
if ARGV[3] ~= '' and not pod.secret then return { 'unknown' } end -- restored: its sidecar acquires it again
if not speaks_for(pod, ARGV[3]) then return wrong_secret(uid) end
local expires = tonumber(redis.call('ZSCORE', key('leases', pod.machine), uid))
if not expires then return { 'unknown' } end
local late = expires < now and 1 or 0
if pod.state == 'held' then
  expires = now + lease_ms
  put_lease(pod.machine, uid, expires)
end
local note = ARGV[4] ~= '' and ARGV[4] or nil
if ARGV[4] and (pod.note ~= note or pod.noteDetail ~= (note and ARGV[5])) then
  pod.note, pod.noteDetail = note, note and ARGV[5]
  put('pods', uid, pod)
  changed(pod.machine)
end
local attachment = get('attachments', pod.machine)
local ip = attachment and attachment.state == 'attached' and attachment.ip or ''
return { 'renewed', ip, expires, late }
