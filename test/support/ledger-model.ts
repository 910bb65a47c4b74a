import * as fc from "fast-check";
import { expect } from "vitest";
import type { Beat } from "../../shared/ledger/beat.ts";
import type { Acquisition, Due, Job, Ledger, Release, Settlement } from "../../shared/ledger/port.ts";
import type { LedgerFigures, Snapshot } from "../../shared/ledger/records.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import { claim, inventory, node } from "./ledger-cases.ts";
import type { TimedLedger } from "./ledgers.ts";

/** One step of a random history: what some pod, node, actor, controller or clock does next. */
export type Step =
  | { do: "acquire"; pod: number; mayWork: boolean; nodeUid: "any" | "first" | "later"; running: boolean }
  | { do: "renew" | "drain"; pod: number }
  | { do: "release"; pod: number; mayWork: boolean }
  | { do: "begin"; node: number; later: boolean }
  | { do: "removeNode" | "putNode" | "replaceNode" | "endLeases"; node: number }
  | { do: "pools"; change: "none" | "removed" | "keep" }
  | { do: "settle"; job: number; outcome: Settlement["outcome"]; addressAtFault: boolean }
  | { do: "extend"; job: number }
  | { do: "inventory"; stranger: number; staleMs: number; listed: number }
  | { do: "advance" | "pass"; ms: number }
  | { do: "beat" | "flush" | "save" | "restore" | "failOver" };

const nodes = 3;
const podsPerNode = 3;
const addresses = 2;

const outcomes = [
  "attached",
  "attached",
  "attached",
  "detached",
  "detached",
  "absent",
  "kept",
  "failed",
  "retry",
] as const;
const pod = fc.nat({ max: nodes * podsPerNode - 1 });
const someNode = fc.nat({ max: nodes - 1 });

export const histories = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("acquire" as const),
        pod,
        mayWork: fc.boolean(),
        nodeUid: fc.constantFrom("any" as const, "any" as const, "first" as const, "later" as const),
        running: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("renew" as const, "drain" as const), pod }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), pod, mayWork: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("begin" as const), node: someNode, later: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "removeNode" as const,
          "putNode" as const,
          "putNode" as const,
          "replaceNode" as const,
          "endLeases" as const,
        ),
        node: someNode,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("pools" as const),
        change: fc.constantFrom("none" as const, "none" as const, "removed" as const, "keep" as const),
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constant("settle" as const),
        job: fc.nat({ max: 2 }),
        outcome: fc.constantFrom(...outcomes),
        addressAtFault: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("extend" as const), job: fc.nat({ max: 2 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("inventory" as const),
        stranger: fc.nat({ max: 3 }),
        staleMs: fc.constantFrom(0, 0, 30_000),
        listed: fc.constantFrom(addresses, addresses, 1),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "beat" as const,
          "beat" as const,
          "flush" as const,
          "save" as const,
          "restore" as const,
          "failOver" as const,
        ),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("pass" as const, "pass" as const, "pass" as const, "advance" as const),
        ms: fc.constantFrom(1, 900, 16_000, 31_000, 61_000, 121_000),
      }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

/** What the world outside the ledgers holds: jobs handed out, newest first, and where the cloud has each address. */
interface Outside {
  jobs: Job[];
  cloud: Map<string, string>;
  /** Something was lost, or may have been, since the last beat. */
  suspect: boolean;
  doubtUntilMs: number;
}

/** Each node has pods of both namespaces. */
const namespaceOf = (pod: number) => ["apps", "shop", "apps"][Math.floor(pod / nodes)] ?? "apps";
const names = (index: number) => ({ name: `n${index}`, machine: `i-n${index}`, later: `i-n${index}-later` });

async function perform(
  step: Step,
  timed: TimedLedger,
  saved: { restore?: () => Promise<void> },
  outside: Outside,
  pools: readonly Pool[],
): Promise<unknown> {
  const { ledger } = timed;
  /** What the controller does with a ledger that was emptied, at least with its pools and nodes. */
  async function refill(beat: Beat): Promise<Beat> {
    if (!beat.signs.some((sign) => sign !== "gap")) return beat;
    await ledger.putPools(pools);
    for (let index = 0; index < nodes; index++) await ledger.putNode(node(names(index).name));
    await ledger.putInventory("partners", inventory(addresses, Object.fromEntries(outside.cloud)), await ledger.now());
    await timed.beat(beat.epoch);
    return beat;
  }
  switch (step.do) {
    case "acquire": {
      const { name } = names(step.pod % nodes);
      const nodeUid = step.nodeUid === "first" ? node(name).uid : step.nodeUid;
      const serviceAccount = `${namespaceOf(step.pod)}/default`;
      const wish = claim(`p${step.pod}`, name, { serviceAccount, ...(step.nodeUid === "any" ? {} : { nodeUid }) });
      return ledger.acquire(wish, { leaseMs: 60_000, mayWork: step.mayWork ? ["aws"] : [], running: step.running });
    }
    case "renew":
      return ledger.renew(`p${step.pod}`, 60_000);
    case "drain":
      return ledger.drain(`p${step.pod}`, { leaseMs: 60_000, graceMs: 30_000 });
    case "release":
      return ledger.release(`p${step.pod}`, { mayWork: step.mayWork ? ["aws"] : [] });
    case "begin":
      return ledger.begin(step.later ? names(step.node).later : names(step.node).machine);
    case "removeNode":
      return ledger.removeNode(names(step.node).name);
    case "putNode":
      return ledger.putNode(node(names(step.node).name));
    case "replaceNode": {
      const { name, later } = names(step.node);
      const machine = { id: later, providerId: `aws:///eu-west-1a/${later}` };
      return ledger.putNode(node(name, { uid: "later", machine }));
    }
    case "pools":
      if (step.change === "removed") return ledger.putPools([]);
      if (step.change === "none") return ledger.putPools(pools);
      return ledger.putPools(pools.map((pool) => ({ ...pool, onRelease: "keep" })));
    case "endLeases":
      return ledger.endLeases(names(step.node).machine);
    case "extend": {
      const job = outside.jobs[step.job];
      return job === undefined ? null : ledger.extend(job.machine.id, job.fence);
    }
    case "settle": {
      const job = outside.jobs[step.job];
      return job === undefined ? null : ledger.settle(job.machine.id, job.fence, settlementOf(job, step, outside));
    }
    case "inventory": {
      const stranger = step.stranger < addresses ? { [`a${step.stranger + 1}`]: "i-stranger" } : {};
      const attached = { ...stranger, ...Object.fromEntries(outside.cloud) };
      return ledger.putInventory("partners", inventory(step.listed, attached), (await ledger.now()) - step.staleMs);
    }
    case "advance":
      return timed.advance(step.ms);
    case "pass":
      await refill(await timed.beat());
      await timed.pass(step.ms);
      return timed.beat();
    case "beat":
      return refill(await timed.beat());
    case "flush":
      return timed.flush();
    case "save":
      saved.restore = await timed.save();
      return null;
    case "restore": // as Redis does, which reads a dump only when it starts
      await saved.restore?.();
      return timed.failOver();
    case "failOver":
      return timed.failOver();
  }
}

/** What an honest actor would say: an attach cannot end as detached, nor a detach as attached. */
function settlementOf(job: Job, step: Extract<Step, { do: "settle" }>, outside: Outside): Settlement {
  const at = { code: "CLOUD_UNKNOWN", message: "made up" };
  if (step.outcome === "retry") return { outcome: "retry", ...at, retryAfterMs: 1000 };
  if (job.kind === "attach") {
    const holder = outside.cloud.get(job.address.id);
    if (step.outcome === "failed" || (holder !== undefined && holder !== job.machine.id)) {
      return { outcome: "failed", ...at, addressAtFault: step.addressAtFault };
    }
    return { outcome: "attached", hadEphemeral: true };
  }
  if (step.outcome === "failed") return { outcome: "failed", ...at, addressAtFault: false };
  if (step.outcome === "kept") return { outcome: "kept" };
  return { outcome: step.outcome === "absent" ? "absent" : "detached" };
}

function note(step: Step, answer: unknown, before: Snapshot, outside: Outside): void {
  const job = jobIn(answer);
  if (step.do === "flush" || step.do === "restore" || step.do === "failOver") outside.suspect = true;
  if (step.do === "beat" || step.do === "pass") {
    outside.suspect = false;
    outside.doubtUntilMs = (answer as Beat).doubtUntilMs;
  }
  const granted = job !== undefined || (step.do === "acquire" && (answer as Acquisition).status === "attached");
  if (outside.suspect) expect(granted, "nothing is granted before the beat").toBe(false);
  if (job?.kind === "detach") expect(before.nowMs, "no detach in doubt").toBeGreaterThanOrEqual(outside.doubtUntilMs);
  if (job !== undefined) {
    // Invariant 3: an address is never detached while a lease exists on its node.
    const leases = before.leases.filter(({ machine, podUid }) => machine === job.machine.id && !releases(step, podUid));
    if (job.kind === "detach") expect(leases).toEqual([]);
    for (const older of outside.jobs) expect(newer(job.fence, older.fence)).toBe(true);
    outside.jobs.unshift(job);
  }
  if (step.do === "settle" && answer === true) {
    const settled = outside.jobs[step.job];
    if (settled === undefined) return;
    const settlement = settlementOf(settled, step, outside);
    if (settlement.outcome === "attached") outside.cloud.set(settled.address.id, settled.machine.id);
    if (settlement.outcome === "detached" || settlement.outcome === "absent") outside.cloud.delete(settled.address.id);
  }
}

const releases = (step: Step, podUid: string) => step.do === "release" && podUid === `p${step.pod}`;

function newer(fence: string, than: string): boolean {
  const [epoch = 0, counter = 0] = fence.split(".").map(Number);
  const [otherEpoch = 0, otherCounter = 0] = than.split(".").map(Number);
  return epoch > otherEpoch || (epoch === otherEpoch && counter > otherCounter);
}

function jobIn(answer: unknown): Job | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  if ("fence" in answer && "kind" in answer) return answer as Job;
  if ("job" in answer) return (answer as { job?: Job }).job;
  return undefined;
}

/** Invariants of design section 3 that a ledger alone can break. */
function check(snapshot: Snapshot, answer: unknown, step: Step, before: Snapshot): void {
  for (const { machine, namespace } of snapshot.attachments) {
    const leases = snapshot.leases.filter((lease) => lease.machine === machine.id);
    const isOnes = leases.some(({ serviceAccount }) => serviceAccount.startsWith(`${namespace}/`));
    if (leases.length > 0) expect(isOnes, `${machine.id} counts for one that has a lease there`).toBe(true);
    if (step.do !== "acquire" || step.running || before.attachments.some((was) => was.machine.id === machine.id))
      continue;
    const held = snapshot.attachments.filter((each) => each.namespace === namespace).length;
    const quota = snapshot.pools.find(({ name }) => name === "partners")?.maxAddressesPerNamespace ?? Infinity;
    expect(held, `addresses of ${namespace}`).toBeLessThanOrEqual(quota);
  }
  const holders = snapshot.attachments.map(({ address }) => address.id);
  expect(new Set(holders).size, "an address is attached to at most one node").toBe(holders.length);
  const machines = snapshot.attachments.map(({ machine }) => machine.id);
  expect(new Set(machines).size, "a node holds at most one address").toBe(machines.length);
  for (const { id, state } of snapshot.addresses) {
    if (state === "free") expect(holders, `free address ${id}`).not.toContain(id);
    if (holders.includes(id)) expect(["used", "out"]).toContain(state);
  }
  for (const lease of snapshot.leases) expect(machines, `attachment of lease ${lease.podUid}`).toContain(lease.machine);
  const leased = new Set(snapshot.leases.map(({ podUid }) => podUid));
  for (const { podUid } of snapshot.waiters) expect(leased.has(podUid), `${podUid} waits and holds`).toBe(false);
  for (const { state, machine } of snapshot.attachments) {
    const held = snapshot.leases.some((lease) => lease.machine === machine.id);
    if (held) expect(["attaching", "attached"], "state of an attachment with leases").toContain(state);
  }
  if (step.do === "acquire") {
    const acquired = answer as Acquisition;
    const { name } = names(step.pod % nodes);
    const on = snapshot.nodes.find((entry) => entry.name === name)?.machine.id;
    const attachment = snapshot.attachments.find(({ machine }) => machine.id === on);
    if (acquired.status === "attached")
      expect(attachment).toMatchObject({ state: "attached", address: { ip: acquired.ip } });
    if (acquired.status === "work") expect(attachment).toMatchObject({ state: "attaching", fence: acquired.job.fence });
  }
  if (step.do === "release" && (answer as Release).status === "released") {
    expect(leased.has(`p${step.pod}`)).toBe(false);
  }
}

/** As JSON, whatever the order of keys. */
const inOrder = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

const sorted = (snapshot: Snapshot | LedgerFigures) =>
  Object.fromEntries(
    Object.entries(snapshot).map(([name, rows]) => [
      name,
      Array.isArray(rows) ? rows.map((row) => inOrder(row)).toSorted() : rows,
    ]),
  );

/** What the reads of single machines and of counts say. */
async function readAll(ledger: Ledger): Promise<unknown> {
  const machines = Array.from({ length: nodes }, (_, index) => names(index)).flatMap(({ machine, later }) => [
    machine,
    later,
  ]);
  const looks = await Promise.all(machines.map((machine) => ledger.look(machine)));
  const figures = await ledger.figures();
  for (const { podUid, position } of looks.flatMap(({ waiters }) => waiters)) {
    expect(position, `place of ${podUid}`).toBe(figures.waiters.find((waiter) => waiter.podUid === podUid)?.position);
  }
  return { looks: looks.map(sorted), figures: sorted(figures) };
}

const dueText = ({ nextMs, machines, expired, changed }: Due) => ({
  changed: changed.toSorted(),
  nextMs,
  machines: machines.toSorted(),
  expired: expired.map((lease) => inOrder(lease)).toSorted(),
});

/** Runs one history on every ledger in step: the same answers, the same state, and the invariants after each step. */
export async function runHistory(
  history: readonly Step[],
  ledgers: readonly TimedLedger[],
  pools: readonly Pool[],
): Promise<void> {
  const outside: Outside = { jobs: [], cloud: new Map(), suspect: false, doubtUntilMs: 0 };
  const saved: { restore?: () => Promise<void> }[] = ledgers.map(() => ({}));
  for (const { ledger, beat, pass } of ledgers) {
    await beat();
    await ledger.putPools(pools);
    for (let index = 0; index < nodes; index++) await ledger.putNode(node(names(index).name));
    await ledger.putInventory("partners", inventory(addresses), await ledger.now());
    await pass(60_000);
  }
  const [first] = ledgers;
  if (first === undefined) throw new Error("no ledger to run on");
  let before = await first.ledger.snapshot();
  for (const step of history) {
    const answers = [];
    for (const [index, timed] of ledgers.entries()) {
      answers.push(await perform(step, timed, saved[index] ?? {}, outside, pools));
    }
    for (const other of answers) expect(other, JSON.stringify(step)).toEqual(answers[0]);
    note(step, answers[0], before, outside);
    const snapshots = await Promise.all(ledgers.map(({ ledger }) => ledger.snapshot()));
    for (const other of snapshots.slice(1))
      expect(sorted(other), JSON.stringify(step)).toEqual(sorted(snapshots[0] ?? other));
    const after = snapshots[0] ?? before;
    check(after, answers[0], step, before);
    before = after;
    if (ledgers.length > 1) {
      const reads = await Promise.all(ledgers.map(({ ledger }) => readAll(ledger)));
      for (const other of reads) expect(other, `reads after ${JSON.stringify(step)}`).toEqual(reads[0]);
    }
    const dues = await Promise.all(ledgers.map(({ ledger }) => ledger.due(before.nowMs)));
    for (const other of dues) expect(dueText(other), JSON.stringify(step)).toEqual(dueText(dues[0] ?? other));
    for (const { indices } of ledgers) {
      if (indices === undefined) continue;
      const { kept, scanned } = await indices();
      expect(kept, `indices after ${JSON.stringify(step)}`).toEqual(scanned);
    }
  }
}
