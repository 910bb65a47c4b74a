-- pace: a place in the line of all who change things in one cloud account, or, after a throttled answer, a pause for all of them.
-- KEYS[1] root; ARGV 1 bucket, 2 burst, 3 per second, 4 longest wait (ms), 5 pause (ms) or 0
-- Output wait (ms); a place was taken only when it is not longer than the longest wait
local at, burst, gap = key('pace', ARGV[1]), tonumber(ARGV[2]), 1000 / tonumber(ARGV[3])
local longest, pause = tonumber(ARGV[4]), tonumber(ARGV[5])
-- GCRA: one number, by when all places taken so far will have been used up at the steady rate.
local used_up = math.max(tonumber(redis.call('GET', at) or 0), now)
if used_up > now + burst * gap + 2 * longest then used_up = now end -- of a clock that was ahead

local function keep(value)
  redis.call('SET', at, string.format('%.0f', value), 'PX', math.max(1, math.ceil(value - now)))
end

if pause > 0 then -- nobody before that, and then no burst
  keep(math.max(used_up, now + pause + (burst - 1) * gap))
  return pause
end
local wait = math.max(0, math.ceil(used_up - (burst - 1) * gap - now))
if wait <= longest then keep(used_up + gap) end
return wait
