-- lease: what there is of one pod.
-- KEYS[1] root; ARGV 1 pod UID
-- Output {{pod UID, expires (ms), JSON} or {}, {pod UID, seen (ms), position or 0, JSON} or {}, ip that is on its node, or ''}
local uid = ARGV[1]
local pod = get('pods', uid)
if not pod then return { {}, {}, '' } end
if pod.state == 'waiting' then
  local waiter = {}
  add_waiter(waiter, uid, place_of)
  return { {}, waiter, '' }
end
local expires = redis.call('ZSCORE', key('leases', pod.machine), uid)
if not expires then return { {}, {}, '' } end
local attachment = get('attachments', pod.machine)
local ip = attachment and attachment.state == 'attached' and attachment.ip or ''
return { { uid, expires, redis.call('HGET', key('pods'), uid) }, {}, ip }
