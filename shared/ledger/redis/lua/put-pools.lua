-- put-pools: replaces the pools. A pool in use keeps its cloud, region and project.
-- KEYS[1] root; ARGV: name, JSON, name, JSON, …
-- Output the names whose change was refused
-- What is kept on nodes that are gone may be due by another rule now.
local function note_work_of(pool)
  for _, state in ipairs({ 'used', 'out' }) do
    for _, id in ipairs(redis.call('ZRANGE', key(state, pool), 0, -1)) do
      note_work(redis.call('HGET', key('holders'), id))
    end
  end
end
local refused, listed = {}, {}
for index = 1, #ARGV, 2 do
  local name, text = ARGV[index], ARGV[index + 1]
  listed[name] = true
  local old = pool_text(name)
  local was, is = old and cjson.decode(old), cjson.decode(text)
  if was and in_use(name) and (was.cloud ~= is.cloud or was.region ~= is.region or was.project ~= is.project) then
    refused[#refused + 1] = name
  else
    redis.call('HSET', key('pools'), name, text)
    redis.call('HDEL', key('retired'), name)
    if was and was.onRelease ~= is.onRelease then note_work_of(name) end
  end
end
for _, name in ipairs(redis.call('HKEYS', key('pools'))) do
  if not listed[name] then
    if in_use(name) then
      redis.call('HSET', key('retired'), name, redis.call('HGET', key('pools'), name))
    else
      drop_addresses(name)
    end
    redis.call('HDEL', key('pools'), name)
    redis.call('HDEL', key('inventories'), name)
  end
end
for _, uid in ipairs(redis.call('ZRANGE', key('seen'), 0, -1)) do wake(uid) end
changed('')
return refused
