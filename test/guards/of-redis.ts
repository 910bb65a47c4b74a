import { tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const folder = "shared/ledger/redis/lua";
const lib = `${folder}/lib.lua`;
const doubts = (name = "") => tests("conformance", "test/conformance/ledger-doubt", name);
const ledger = (name = "") => tests("conformance", "test/conformance/ledger.test.ts", name);

/** The same rules as Redis keeps them; the suite of conformance runs on a Redis of its own. */
export const redisGuards: readonly Guard[] = [
  {
    name: "Redis: fence: settle refuses an old one",
    file: `${folder}/settle.lua`,
    guard: "if not attachment or attachment.fence ~= ARGV[2] then",
    without: "if not attachment then",
    finder: ledger(),
  },
  {
    name: "Redis: fence: extend refuses an old one",
    file: `${folder}/extend.lua`,
    guard: "if not attachment or attachment.fence ~= ARGV[2] then",
    without: "if not attachment then",
    finder: ledger(),
  },
  {
    name: "Redis: fence: it is of its epoch",
    file: lib,
    guard: "return redis.call('GET', key('epoch')) .. '.' .. redis.call",
    without: "return '1.' .. redis.call",
    finder: doubts(),
  },
  {
    name: "Redis: leases: no detach while there are any",
    file: lib,
    guard: "if state == 'attached' and idle then",
    without: "if state == 'attached' then",
    finder: ledger(),
  },
  {
    name: "Redis: leases: counted by pod, not by release",
    file: lib,
    guard: "if count_leases(pod.machine) > 0 then return nil end",
    without: "",
    finder: ledger(),
  },
  {
    name: "Redis: drain: the lease counts for as long as the pod may take",
    file: `${folder}/drain.lua`,
    guard: "math.max(tonumber(ARGV[2]), tonumber(ARGV[3]))",
    without: "tonumber(ARGV[2])",
    finder: ledger("drain"),
  },
  {
    name: "Redis: linger: the address stays for it",
    file: lib,
    guard: "return now + cjson.decode(text).lingerSeconds * 1000",
    without: "return now",
    finder: ledger("linger"),
  },
  {
    name: "Redis: acquire: nothing is given while the address is not confirmed",
    file: `${folder}/acquire.lua`,
    guard: "if attachment and (attachment.state == 'attached' or attachment.state == 'kept') then",
    without: "if attachment then",
    finder: ledger(),
  },
  {
    name: "Redis: acquire: an address is given to one node",
    file: `${folder}/acquire.lua`,
    guard: "mark_address(pool_name, id, 'used')\nlocal",
    without: "local",
    finder: ledger(),
  },
  {
    name: "Redis: acquire: the directory's node is the claim's",
    file: `${folder}/acquire.lua`,
    guard: "if node and ARGV[8] ~= '' and node.uid ~= ARGV[8] then node = nil end",
    without: "",
    finder: ledger(),
  },
  {
    name: "Redis: acquire: who waits for longer comes first",
    file: `${folder}/acquire.lua`,
    guard: "(not running and free <= #waiting_nodes(pool_name, free, uid, machine))",
    without: "false",
    finder: ledger(),
  },
  {
    name: "Redis: inventory: what is older than the ledger's own change is not believed",
    file: `${folder}/put-inventory.lua`,
    guard: "local recent = before and before.changed > read_at - SETTLE_MS",
    without: "local recent = false",
    finder: ledger(),
  },
  {
    name: "Redis: inventory: an address that is on our node is adopted",
    file: `${folder}/put-inventory.lua`,
    guard: "elseif adopt(on, id, ip) then state = 'used'",
    without: "",
    finder: ledger(),
  },
  {
    name: "Redis: a detach that failed is never taken for done",
    file: `${folder}/settle.lua`,
    guard: "elseif outcome == 'failed' and attachment.state == 'attaching' then",
    without: "elseif outcome == 'failed' then",
    finder: ledger(),
  },
  {
    name: "Redis: doubt: nothing is detached before its time is up",
    file: lib,
    guard: " or now < (tonumber(beaten('doubtUntil')) or 0) then return false end",
    without: " then return false end",
    finder: doubts(),
  },
  {
    name: "Redis: doubt: nothing is detached before the pool was read in it",
    file: lib,
    guard: "return not is_read or read_at_of(pool) >= (tonumber(beaten('doubtSince')) or 0)",
    without: "return true",
    finder: doubts(),
  },
  {
    name: "Redis: doubt: nothing is detached while nobody beats",
    file: lib,
    guard: "if now - (tonumber(beaten('at')) or 0) > BEAT_GAP_MS or now",
    without: "if now",
    finder: doubts(),
  },
  {
    name: "Redis: doubt: an emptied ledger begins no work while old actors may be at it",
    file: lib,
    guard: "return at > now and at or 0",
    without: "return 0",
    finder: doubts(),
  },
  {
    name: "Redis: doubt: nothing is granted by a server that was not beaten to",
    file: lib,
    guard: "return beaten('server') == server_id() end",
    without: "return true end",
    finder: doubts(),
  },
  {
    name: "Redis: epoch: a lossy sign begins a new one",
    file: `${folder}/beat.lua`,
    guard: "if lossy then empty() end",
    without: "",
    finder: doubts(),
  },
  {
    name: "Redis: epoch: an older copy is known by its sequence",
    file: `${folder}/beat.lua`,
    guard: "sign('older', mirror and epoch == mirror and last.sequence < mirrored)",
    without: "",
    finder: doubts(),
  },
  {
    name: "Redis: epoch: a gap is seen",
    file: `${folder}/beat.lua`,
    guard: "sign('gap', last.at and math.abs(now - last.at) > BEAT_GAP_MS)",
    without: "",
    finder: doubts(),
  },
  {
    name: "Redis: term: an older leader's command is refused",
    file: lib,
    guard: "if term and term < (tonumber(beaten('term')) or 0) then",
    without: "if false then",
    finder: doubts(),
  },
  {
    name: "Redis: evidence: it ends the very lease that had expired",
    file: `${folder}/release.lua`,
    guard: "if ARGV[3] ~= '' and",
    without: "if false and",
    finder: doubts(),
  },
];
