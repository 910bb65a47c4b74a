-- put-node: a row of the node directory. Another machine behind the name ends the leases on the one before.
-- KEYS[1] root; ARGV 1 node name, 2 JSON, 3 machine
-- Output 1
local name, text, machine = ARGV[1], ARGV[2], ARGV[3]
local before = get('nodes', name)
redis.call('HSET', key('nodes'), name, text)
redis.call('HSET', key('machines'), machine, name)
if before and before.machine.id ~= machine then
  redis.call('HDEL', key('machines'), before.machine.id)
  end_leases(before.machine.id)
  note_work(before.machine.id)
  changed(before.machine.id)
end
if not before or before.machine.id ~= machine then
  note_work(machine)
  changed(machine)
  wake_waiters_on(name)
end
return 1
