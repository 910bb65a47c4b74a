-- Put before every command, after clock.lua (`now`) and LEDGER_VERSION. KEYS[1] is the installation's root, static-egress:{<install>}; all keys derive from it, so they
-- share its hash slot. Values are JSON texts for people; times are milliseconds of this Redis' own clock.
local root = KEYS[1]
local WORK_MS, WAITER_LIFE_MS, SETTLE_MS, DOUBT_MS, BEAT_GAP_MS = 15000, 45000, 10000, 10000, 30000
local OLD_ACTOR_MS = WORK_MS + DOUBT_MS + SETTLE_MS

local function key(...) return root .. ':' .. table.concat({ ... }, ':') end

-- Every command's last argument is its leader's term, '' for none: once a newer one has beaten, it changes nothing.
local function beaten(field) return redis.call('HGET', key('beat'), field) or '' end
local term = tonumber(table.remove(ARGV))
local version = tonumber(beaten('version')) or 1 -- the first one wrote none
if version > LEDGER_VERSION then
  return redis.error_reply('VERSION this ledger is of version ' .. version .. ', this program accepts versions up to ' .. LEDGER_VERSION)
end
if term and term < (tonumber(beaten('term')) or 0) then
  return redis.error_reply('SUPERSEDED term ' .. term .. ' is over: the leader of term ' .. beaten('term') .. ' has beaten')
end

-- Another Redis process than the one that the last beat met may have lost something: nothing is granted before the next beat.
local function server_id() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local function is_noted() return beaten('server') == server_id() end

-- When a doubt emptied this ledger, 0 for never; until OLD_ACTOR_MS later the cloud may show what actors of the old epoch do.
local function emptied_at() return tonumber(beaten('emptied')) or 0 end
-- From when on nothing can come true any more that an actor of the old epoch has asked of the cloud; 0 when that is long ago.
local function work_from()
  local at = emptied_at() + WORK_MS + DOUBT_MS
  return at > now and at or 0
end
local function read_at_of(pool) return tonumber(redis.call('HGET', key('inventories'), pool)) or 0 end

-- An emptied ledger has the leases of all running pods again. Before, it does not know what its nodes are needed for.
local function is_restored() return emptied_at() == 0 or beaten('restored') == redis.call('GET', key('epoch')) end

-- No detach while nobody looks after the ledger, nor before all leases are restored, nor in doubt: before its time is up and the
-- pool was read in it. A pool that was taken out is not read any more.
local function may_detach(pool)
  if not is_restored() then return false end
  if now - (tonumber(beaten('at')) or 0) > BEAT_GAP_MS or now < (tonumber(beaten('doubtUntil')) or 0) then return false end
  local is_read = redis.call('HEXISTS', key('pools'), pool) == 1
  return not is_read or read_at_of(pool) >= (tonumber(beaten('doubtSince')) or 0)
end

local function get(hash, field)
  local text = redis.call('HGET', key(hash), field)
  return text and cjson.decode(text) or nil
end
local function put(hash, field, value) redis.call('HSET', key(hash), field, cjson.encode(value)) end

-- Whoever speaks for a pod brings the hash of its secret; '' is a caller that needs none. Hashes of random secrets: the time
-- that comparing takes tells nothing of use.
local function speaks_for(pod, hash) return hash == '' or pod.secret == hash end
local function wrong_secret(uid) return redis.error_reply('SECRET the lease of pod ' .. uid .. ' was not acquired with this secret last') end

local function wake(uid) redis.call('PUBLISH', key('wake', uid), '') end
-- Told at once, and kept until the controller has asked for it: a hint can be lost.
local function changed(machine)
  redis.call('PUBLISH', key('changed'), machine)
  if machine ~= '' then redis.call('ZADD', key('changes'), now, machine) end
end

-- Grows with every attempt. The epoch is the moment this ledger began (beat.lua): one that lost its data starts a later one.
local function new_fence()
  return redis.call('GET', key('epoch')) .. '.' .. redis.call('INCR', key('fence'))
end
