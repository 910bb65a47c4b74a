import { complaint, matrix, tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const folder = "shared/ledger/memory";
const file = `${folder}/ledger.ts`;
const ledger = (name = "") => tests("conformance", "test/conformance/ledger.test.ts", name);
const doubts = (name: string) => tests("conformance", "test/conformance/ledger-doubt", name);

/** Rules of the ledger, where the simulation meets them: in memory. Redis' Lua has its own list. */
export const ledgerGuards: readonly Guard[] = [
  {
    name: "fence: settle refuses an old one",
    file,
    guard: "if (attachment?.fence !== fence) return false;\n        if (attachment.state",
    without: "if (attachment === undefined) return false;\n        if (attachment.state",
    finder: ledger(),
  },
  {
    name: "fence: extend refuses an old one",
    file,
    guard: "if (attachment?.fence !== fence || !isNoted(state)) return false;",
    without: "if (attachment === undefined || !isNoted(state)) return false;",
    finder: ledger(),
  },
  {
    name: "fence: grows with every attempt",
    file: `${folder}/state.ts`,
    guard: "state.fences += 1;",
    without: "",
    finder: ledger(),
  },
  {
    name: "leases: no detach while there are any",
    file: `${folder}/state.ts`,
    guard: 'return idle ? { kind: "detach", atMs: lingerUntilMs } : null;',
    without: 'return { kind: "detach", atMs: lingerUntilMs };',
    finder: matrix("start, the sidecar works/acquire"),
  },
  {
    name: "leases: counted by pod, not by release",
    file: `${folder}/state.ts`,
    guard: "if (countLeases(state, pod.machine) > 0) return undefined;",
    without: "",
    finder: ledger(),
  },
  {
    name: "drain: the lease still counts",
    file,
    guard: 'pod.state = "draining";',
    without: "endLease(state, now, pod);",
    finder: matrix("release, the sidecar works/drain"),
  },
  {
    name: "linger: the address stays for it",
    file: `${folder}/state.ts`,
    guard: "attachment.lingerUntilMs = lingerUntil(state, now, attachment);\n  return attachment;",
    without: "attachment.lingerUntilMs = now;\n  return attachment;",
    finder: ledger("linger"),
  },
  {
    name: "acquire: nothing is given while the address is not confirmed",
    file: `${folder}/acquire.ts`,
    guard: 'if (attachment?.state === "attached" || attachment?.state === "kept") {',
    without:
      'if (attachment?.state === "attached" || attachment?.state === "kept" || attachment?.state === "attaching") {',
    finder: matrix("start, the controller works/acquire"),
  },
  {
    name: "acquire: the directory's node is the claim's",
    file: `${folder}/acquire.ts`,
    guard: "claim.nodeUid === undefined || row?.uid === claim.nodeUid",
    without: "row !== undefined",
    finder: ledger(),
  },
  {
    name: "acquire: an address is given to one node",
    file: `${folder}/acquire.ts`,
    guard: 'markAddress(state, now, pool.name, address.id, "used");',
    without: "",
    finder: ledger(),
  },
  {
    name: "inventory: what is older than the ledger's own change is not believed",
    file: `${folder}/inventory.ts`,
    guard: "before !== undefined && before.changedMs > readAtMs - inventorySettleMs",
    without: "before === undefined && readAtMs < 0",
    finder: ledger(),
  },
  {
    name: "inventory: an address that is on our node is adopted",
    file: `${folder}/inventory.ts`,
    guard: "node === undefined || state.attachments.has(machine)",
    without: "node === undefined || state.attachments.size >= 0",
    finder: ledger(),
  },
  {
    name: "inventory: an address that was taken off is attached again",
    file: `${folder}/inventory.ts`,
    guard: "if (!recent && lost) {",
    without: "if (!recent && lost && machine === '') {",
    finder: complaint("by hand"),
  },
  {
    name: "doubt: an attach that may come true is not undone at once",
    file: `${folder}/state.ts`,
    guard: 'if (attachment?.state === "attaching") attachment.lingerUntilMs = now + doubtMs;',
    without: "void doubtMs;",
    finder: ledger("last pod goes"),
  },
  {
    name: "doubt: one that nobody wants any more when it is put off, neither",
    file: `${folder}/settle.ts`,
    guard: "attachment.lingerUntilMs = now + doubtMs;",
    without: "void doubtMs;",
    finder: ledger("was not answered"),
  },
  {
    name: "doubt: nothing is detached before its time is up",
    file: `${folder}/beat.ts`,
    guard: "|| now < doubtUntilMs) return false;",
    without: ") return false;",
    finder: doubts("detaches nothing"),
  },
  {
    name: "doubt: nothing is detached before the pool was read in it",
    file: `${folder}/beat.ts`,
    guard: "return !pools.has(pool) || (inventories.get(pool) ?? 0) >= doubtSinceMs;",
    without: "return true || pools.has(pool) || (inventories.get(pool) ?? 0) >= doubtSinceMs;",
    finder: doubts("detaches nothing"),
  },
  {
    name: "doubt: nothing is detached while nobody beats",
    file: `${folder}/beat.ts`,
    guard: "if (now - atMs > beatGapMs || now",
    without: "if (now",
    finder: doubts("length of a gap"),
  },
  {
    name: "doubt: an emptied ledger begins no work while old actors may be at it",
    file: `${folder}/beat.ts`,
    guard: "return at > now ? at : 0;",
    without: "return at > now ? 0 : 0;",
    finder: doubts("cloud work"),
  },
  {
    name: "doubt: an emptied ledger grants nothing before the cloud was read",
    file: `${folder}/beat.ts`,
    guard: "return emptiedMs + (running ? 0 : oldActorMs);",
    without: "return 0 * (running ? 0 : oldActorMs);",
    finder: doubts("grants nothing else"),
  },
  {
    name: "doubt: nothing is granted by a server that was not beaten to",
    file: `${folder}/beat.ts`,
    guard: "state.beat.server === state.server;",
    without: "state.server.length > 0;",
    finder: doubts("grants nothing"),
  },
  {
    name: "epoch: a lossy sign begins a new one",
    file: `${folder}/beat.ts`,
    guard: 'if (signs.some((sign) => sign !== "gap")) {',
    without: 'if (signs.some((sign) => sign === "gap" && sign.length > 9)) {',
    finder: doubts(""),
  },
  {
    name: "epoch: an older copy is known by its sequence",
    file: `${folder}/beat.ts`,
    guard: 'if (mirror?.epoch === epoch && last.sequence < mirror.sequence) signs.push("older");',
    without: "",
    finder: doubts("older"),
  },
  {
    name: "term: an older leader's command is refused",
    file: `${folder}/beat.ts`,
    guard: "if (term >= newest) return;",
    without: "if (term >= newest || newest >= 0) return;",
    finder: doubts("older term"),
  },
  {
    name: "evidence: it ends the very lease that had expired",
    file,
    guard: "if (expiredAtMs !== undefined && endsMs !== expiredAtMs) return",
    without: "if (expiredAtMs !== undefined && endsMs === undefined && pod.sinceMs < 0) return",
    finder: doubts("still ends at that time"),
  },
  {
    name: "pacing: a burst ends",
    file: `${folder}/ledger.ts`,
    guard: "({ waitMs: pace(line, now, bucket, limits, 0) })",
    without: "({ waitMs: 0 * pace(line, now, bucket, limits, 0) })",
    finder: tests("conformance", "test/conformance/ledger-pace.test.ts"),
  },
];
