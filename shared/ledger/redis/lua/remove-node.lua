-- remove-node: the node is gone, and with it every lease on its machine.
-- KEYS[1] root; ARGV 1 node name, [2 its UID: one of the same name that came meanwhile stays]
-- Output 1
local node = get('nodes', ARGV[1])
if not node or (ARGV[2] and node.uid ~= ARGV[2]) then return 1 end
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
