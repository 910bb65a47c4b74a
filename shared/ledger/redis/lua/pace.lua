-- pace: places in the line of all who change things in one cloud account, or, after a throttled answer, a pause for all of them.
-- KEYS[1] root; ARGV 1 bucket, 2 burst, 3 per second, 4 longest wait (ms), 5 what is added to a wait (ms),
--      6 places that are wanted, 7 pause (ms) or 0
-- Output {places that were taken, wait (ms)}
local at, burst, gap = key('pace', ARGV[1]), tonumber(ARGV[2]), 1000 / tonumber(ARGV[3])
local longest, lag, wanted, pause = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
-- GCRA: one number, by when all places taken so far will have been used up at the steady rate.
local used_up = math.max(tonumber(redis.call('GET', at) or 0), now)
if used_up > now + burst * gap + 2 * longest then used_up = now end -- of a clock that was ahead

local function keep(value)
  redis.call('SET', at, string.format('%.0f', value), 'PX', math.max(1, math.ceil(value - now)))
end

if pause > 0 then -- nobody before that, and then no burst
  keep(math.max(used_up, now + pause + (burst - 1) * gap))
  return { 0, pause }
end
local function free_in(ms) return math.floor(burst - (used_up - now - ms) / gap) end
local there = free_in(0)
-- What has come back during a lag is for those who waited it out.
if there >= wanted or there * gap > lag then
  local places = math.min(wanted, there)
  keep(used_up + places * gap)
  return { places, 0 }
end
local places = math.min(wanted, free_in(longest))
local wait = math.ceil(used_up - (burst - math.max(1, places)) * gap - now) + lag
if places <= 0 then return { 0, wait } end
keep(used_up + places * gap)
return { places, wait }
