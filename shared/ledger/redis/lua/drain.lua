-- drain: the pod is terminating. Its lease still counts, for the larger of the lease's life and what the pod may still take.
-- KEYS[1] root; ARGV 1 pod UID, 2 lease life (ms), 3 grace period with margin (ms), 4 hash of the lease's secret or ''
-- Output 1 | 0 when there is no lease
local uid = ARGV[1]
local pod = get('pods', uid)
if not pod or pod.state == 'waiting' then return 0 end
if not speaks_for(pod, ARGV[4]) then return wrong_secret(uid) end
pod.state = 'draining'
put('pods', uid, pod)
put_lease(pod.machine, uid, now + math.max(tonumber(ARGV[2]), tonumber(ARGV[3])))
changed(pod.machine)
return 1
