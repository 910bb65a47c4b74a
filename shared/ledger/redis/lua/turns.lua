-- Put behind trust.lua, before lib.lua: which namespace has which of a pool's addresses, and whose turn it is to get the next one.

-- More than any time in ms: how many addresses a namespace has counts before how long it has waited for its turn.
local TURN_SPAN = 1e13

local function namespace_of(pod) return string.match(pod.account, '^[^/]*') end

-- The machines with addresses of the pool that count for the namespace.
local function count_held(pool, namespace) return redis.call('ZCARD', key('holdings', pool, namespace)) end
local function quota_of(pool)
  local text = redis.call('HGET', key('pools'), pool)
  return text and cjson.decode(text).maxAddressesPerNamespace or math.huge
end

-- Since when a namespace waits for its next turn: since its first pod that queues, or since it got an address last.
local function set_turn(pool, namespace, since)
  redis.call('ZADD', key('turns', pool), count_held(pool, namespace) * TURN_SPAN + since, namespace)
end
local function turn_of(pool, namespace)
  local score = redis.call('ZSCORE', key('turns', pool), namespace)
  return score and tonumber(score) % TURN_SPAN
end

local function join_queue(uid, pod)
  local pool, namespace = pod.pool, namespace_of(pod)
  redis.call('ZADD', key('queue', pool, namespace), pod.since, uid)
  if not turn_of(pool, namespace) then set_turn(pool, namespace, pod.since) end
end

local function leave_queue(uid, pool, namespace)
  if redis.call('ZREM', key('queue', pool, namespace), uid) == 0 then return end
  if redis.call('EXISTS', key('queue', pool, namespace)) == 0 then redis.call('ZREM', key('turns', pool), namespace) end
end

-- A sidecar of an older version queues in `waiting` alone: the `count` oldest there are taken in.
local function join_older(pool, count)
  for _, uid in ipairs(redis.call('ZRANGE', key('waiting', pool), 0, count - 1)) do
    local pod = get('pods', uid)
    if pod and pod.state == 'waiting' and pod.pool == pool then join_queue(uid, pod) end
  end
end

-- One after the other of a sorted set, each with its score.
local function members(name)
  local rows, at, first = {}, 1, 0
  return function()
    if at > #rows then
      rows, at = redis.call('ZRANGE', name, first, first + 15, 'WITHSCORES'), 1
      first = first + 16
      if #rows == 0 then return nil end
    end
    at = at + 2
    return rows[at - 2], tonumber(rows[at - 1])
  end
end

-- Calls `serve(namespace)` in turn: first whoever has the fewest addresses, then whoever has waited longest for its turn. It
-- answers true when the namespace gets one more, false when none of its pods is left, nil to end. Whoever has as many as it may
-- has no turn; with `until_quota` one who would have them by then has none, either.
local function take_turns(pool, serve, until_quota)
  local quota = quota_of(pool)
  local most = until_quota and quota or math.huge
  local next_row = members(key('turns', pool))
  local function waiting()
    local namespace, score = next_row()
    local held = namespace and math.floor(score / TURN_SPAN)
    if held and held < quota then return { namespace = namespace, held = held } end
  end
  -- Who was served comes again behind those who have as many then.
  local first, served, from = waiting(), {}, 1
  while true do
    local turn = served[from]
    if first and not (turn and turn.held < first.held) then turn, first = first, waiting() else from = from + 1 end
    if not turn or turn.held >= most then return end
    local got = serve(turn.namespace)
    if got == nil then return end
    turn.held = turn.held + 1
    if got then served[#served + 1] = turn end
  end
end

-- The nodes that wait for an address of the pool, in turn, at most `limit`, up to (not counting) the pod `before`.
local function waiting_nodes(pool, limit, before, except)
  local machines, order, queues, left = {}, {}, {}, {}
  local function serve(namespace)
    local next_pod = queues[namespace] or members(key('queue', pool, namespace))
    queues[namespace] = next_pod
    while true do
      local uid = next_pod()
      if not uid then return false end
      if uid == before then return nil end
      local pod = get('pods', uid)
      if not pod or pod.state ~= 'waiting' then -- an older program keeps no queues
        left[#left + 1] = { uid, namespace }
      elseif pod.machine ~= except and not machines[pod.machine]
        and redis.call('HEXISTS', key('attachments'), pod.machine) == 0 then
        machines[pod.machine] = true
        order[#order + 1] = uid
        if #order == limit then return nil end
        return true
      end
    end
  end
  if limit > 0 then take_turns(pool, serve, true) end
  for _, gone in ipairs(left) do leave_queue(gone[1], pool, gone[2]) end
  return order
end

-- The pods that have the next turns: as many of their nodes as there are free addresses.
local function wake_queue(pool)
  local free = redis.call('ZCARD', key('free', pool))
  if free == 0 then return end
  join_older(pool, 16)
  for _, uid in ipairs(waiting_nodes(pool, free)) do wake(uid) end
end

-- Every queued pod's place, 1 is next: by pods, as if each had a node of its own.
local function places(pool)
  local place, count, queues = {}, 0, {}
  take_turns(pool, function(namespace)
    local next_pod = queues[namespace] or members(key('queue', pool, namespace))
    queues[namespace] = next_pod
    local uid = next_pod()
    if not uid then return false end
    count = count + 1
    place[uid] = count
    return true
  end)
  return place
end

-- The same of one pod, without walking there; 0 for none. Where more namespaces wait than are looked at, it is at least that.
local NAMESPACES_LOOKED_AT = 64
local function place_of(uid, pod)
  local pool, namespace = pod.pool, namespace_of(pod)
  local ahead = redis.call('ZRANK', key('queue', pool, namespace), uid)
  local score = redis.call('ZSCORE', key('turns', pool), namespace)
  if not ahead or not score then return 0 end
  local held, quota = math.floor(score / TURN_SPAN), quota_of(pool)
  if held >= quota then return 0 end
  local place, level, is_before_own = ahead + 1, held + ahead, true
  place = place + math.max(0, redis.call('ZRANK', key('turns', pool), namespace) - NAMESPACES_LOOKED_AT)
  local below = string.format('(%.0f', math.min(level + 1, quota) * TURN_SPAN)
  local rows = redis.call('ZRANGEBYSCORE', key('turns', pool), '-inf', below, 'WITHSCORES', 'LIMIT', 0, NAMESPACES_LOOKED_AT)
  for index = 1, #rows, 2 do
    if rows[index] == namespace then
      is_before_own = false
    else
      local theirs = math.floor(rows[index + 1] / TURN_SPAN)
      -- With as many addresses, who has them already has waited longer than who would have got one by then.
      local is_first = theirs > held or theirs == held and is_before_own
      local turns = level - theirs + (is_first and 1 or 0)
      if turns > 0 then place = place + math.min(turns, redis.call('ZCARD', key('queue', pool, rows[index]))) end
    end
  end
  return place
end

local function note_held(pool, namespace)
  local since = turn_of(pool, namespace)
  if since then set_turn(pool, namespace, since) end
end

-- From now on the attachment counts for the namespace, nil for none; the caller puts or drops it.
local function count_for(attachment, namespace)
  local pool, machine, before = attachment.pool, attachment.machine, attachment.namespace
  if before == namespace then return end
  attachment.namespace = namespace
  if namespace then
    redis.call('ZADD', key('holdings', pool, namespace), 0, machine)
    note_held(pool, namespace)
  end
  if not before then return end
  redis.call('ZREM', key('holdings', pool, before), machine)
  note_held(pool, before)
  wake_queue(pool) -- its quota may have room again
end

-- Where the namespace has as many addresses of the pool as it may: a sentence that says which.
local function at_quota(pool, namespace, quota)
  if count_held(pool, namespace) < quota then return nil end
  local shown, held = {}, 0
  for _, machine in ipairs(redis.call('ZRANGE', key('holdings', pool, namespace), 0, -1)) do
    local attachment = get('attachments', machine)
    if attachment and attachment.pool == pool and attachment.namespace == namespace then
      held = held + 1
      if held <= 3 then shown[held] = attachment.ip .. ' on node ' .. attachment.node end
    else -- an older program keeps no holdings
      redis.call('ZREM', key('holdings', pool, namespace), machine)
      note_held(pool, namespace)
    end
  end
  if held < quota then return nil end
  if held > #shown then shown[#shown + 1] = (held - #shown) .. ' more' end
  return "namespace '" .. namespace .. "' has " .. held .. " addresses of pool '" .. pool .. "', and may have " .. quota
    .. ': ' .. table.concat(shown, ', ')
end
