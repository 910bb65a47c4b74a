-- remove-node: the node is gone, and with it every lease on its machine.
-- KEYS[1] root; ARGV 1 node name
-- Output 1
local node = get('nodes', ARGV[1])
if not node then return 1 end
local machine = node.machine.id
redis.call('HDEL', key('nodes'), ARGV[1])
redis.call('HDEL', key('machines'), machine)
redis.call('HDEL', key('problems'), machine)
end_leases(machine)
local attachment = get('attachments', machine)
if attachment and attachment.state == 'attached' then
  attachment.lingerUntil = now
  put_attachment(attachment)
else
  note_work(machine, attachment)
end
changed(machine)
return 1
