import * as fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { claim, inventory, node, pool } from "../support/ledger-cases.ts";
import { timedMemoryLedger, timedRedisLedger, type TimedLedger } from "../support/ledgers.ts";

const how = { leaseMs: 600_000, mayWork: ["aws"] };
const redisUrl = inject("redisUrl");

/** A pool of so many addresses that do not linger; each pod has a node of its own, named as the pod. */
async function scene(timed: TimedLedger, addresses: number, more: Record<string, unknown> = {}) {
  const { ledger, pass } = timed;
  await timed.beat();
  await ledger.putPools([pool({ lingerSeconds: 0, ...more })]);
  await ledger.putInventory("partners", inventory(addresses), await ledger.now());
  return {
    /** Asks for the pod `<namespace>-<number>`; attaches at once when it is its turn. Answers its place in the queue, 0 when it got one. */
    ask: async (pod: string): Promise<number> => {
      const [namespace = ""] = pod.split("-");
      await ledger.putNode(node(pod));
      const wish = claim(pod, pod, { pod: `${namespace}/${pod}`, serviceAccount: `${namespace}/default` });
      const answer = await ledger.acquire(wish, how);
      await pass(1);
      if (answer.status === "work") {
        await ledger.settle(answer.job.machine.id, answer.job.fence, { outcome: "attached", hadEphemeral: true });
        return 0;
      }
      return answer.status === "waiting" ? (answer.position ?? -1) : 0;
    },
    end: async (pod: string): Promise<void> => {
      const answer = await ledger.release(pod, how);
      if (answer.status !== "released" || answer.job === undefined) throw new Error(`${pod} had no address`);
      await ledger.settle(answer.job.machine.id, answer.job.fence, { outcome: "detached" });
      await pass(1);
    },
  };
}

/** Who is woken by what `act` does. */
async function wokenBy(ledger: Ledger, pods: readonly string[], act: () => Promise<void>): Promise<string[]> {
  const woken = new Set<string>();
  const ends = await Promise.all(pods.map((pod) => ledger.onWake(pod, () => woken.add(pod))));
  await act();
  await expect.poll(() => woken.size).toBeGreaterThan(0);
  await Promise.all(ends.map((end) => end()));
  return [...woken];
}

eachLedger("Ledger, namespaces that wait", (open) => {
  it("gives a freed address to the namespace that has the fewest, however many others waited before it", async () => {
    const timed = await open();
    const { ask, end } = await scene(timed, 2);
    for (const pod of ["a-1", "a-2", "a-3", "a-4", "a-5"]) await ask(pod);
    expect(await ask("b-1")).toBe(1);
    expect(await wokenBy(timed.ledger, ["a-3", "a-4", "a-5", "b-1"], () => end("a-1"))).toEqual(["b-1"]);
    expect(await ask("a-3")).toBe(2);
    expect(await ask("b-1")).toBe(0);
  });

  it("takes turns among those that have as many, also where all have none", async () => {
    const timed = await open();
    const { ask, end } = await scene(timed, 1);
    for (const pod of ["a-0", "a-1", "a-2", "a-3", "b-1", "b-2", "c-1"]) await ask(pod);
    const served: string[] = ["a-0"];
    const waiting = new Set(["a-1", "a-2", "a-3", "b-1", "b-2", "c-1"]);
    while (waiting.size > 0) {
      await end(served.at(-1) ?? "");
      for (const pod of waiting) {
        if ((await ask(pod)) > 0) continue;
        served.push(pod);
        waiting.delete(pod);
        break;
      }
    }
    expect(served).toEqual(["a-0", "a-1", "b-1", "c-1", "a-2", "b-2", "a-3"]);
  });

  it("takes the oldest node of a namespace first, and lets younger ones take what is left over", async () => {
    const timed = await open();
    const { ask } = await scene(timed, 1);
    for (const pod of ["a-1", "a-2", "a-3"]) await ask(pod);
    await timed.ledger.putInventory("partners", inventory(2), await timed.ledger.now());
    expect(await ask("a-3")).toBe(2);
    expect(await ask("a-2")).toBe(0);
  });

  it("shows places in the order in which addresses are given", async () => {
    const timed = await open();
    const { ask } = await scene(timed, 3);
    for (const pod of ["a-1", "a-2", "b-1", "a-3", "a-4", "b-2", "b-3", "c-1", "c-2", "d-1"]) await ask(pod);
    const { waiters } = await timed.ledger.figures();
    const order = waiters
      .toSorted((a, b) => a.position - b.position)
      .map(({ podUid, position }) => `${position} ${podUid}`);
    expect(order).toEqual(["1 c-1", "2 d-1", "3 b-2", "4 c-2", "5 a-3", "6 b-3", "7 a-4"]);
    for (const { podUid, position } of waiters) expect(await ask(podUid), podUid).toBe(position);
  });
});

/** Pods of four namespaces come, go and end in any order. */
const events = fc.array(
  fc.record({
    kind: fc.constantFrom("come", "come", "come", "end", "leave"),
    of: fc.constantFrom("a", "a", "a", "b", "c", "d"),
    at: fc.nat(20),
  }),
  { minLength: 10, maxLength: 50 },
);

interface Play {
  readonly quota: number;
  readonly addresses: number;
  readonly happens: { kind: string; of: string; at: number }[];
}

/**
 * Plays it, asking for all waiting pods after each event, in an order that favours `a`. No address is given to a namespace while
 * another one that waits has fewer (and may have more), or has as many and has not got one for longer; in the end all are served.
 */
async function play(timed: TimedLedger, { quota, addresses, happens }: Play): Promise<void> {
  const { ask, end } = await scene(timed, addresses, { maxAddressesPerNamespace: quota });
  const [holds, waits] = [new Set<string>(), new Set<string>()];
  const last = new Map<string, number>();
  let count = 0;
  const namespace = (pod: string) => pod.split("-")[0] ?? "";
  const has = (of: string) => [...holds].filter((pod) => namespace(pod) === of).length;
  const waiting = () => [...new Set([...waits].map(namespace))].filter((of) => has(of) < quota);

  async function serve(): Promise<void> {
    for (;;) {
      const pods = [...waits].toSorted((a, b) => (a < b ? -1 : 1));
      let got: string | undefined;
      for (const pod of pods) {
        if ((await ask(pod)) !== 0) continue;
        got = pod;
        break;
      }
      if (got === undefined) break;
      const of = namespace(got);
      for (const other of waiting()) {
        expect(has(of), `addresses of ${of}, while ${other} waits`).toBeLessThanOrEqual(has(other));
        if (has(of) < has(other) || !last.has(other) || other === of) continue;
        expect(last.get(of) ?? 0, `${of} before ${other}`).toBeLessThanOrEqual(last.get(other) ?? 0);
      }
      waits.delete(got);
      holds.add(got);
      count += 1;
      if ([...waits].some((pod) => namespace(pod) === of)) last.set(of, count);
      else last.delete(of);
    }
    const free = addresses - holds.size;
    if (waiting().length > 0) expect(free, "an address is free, and a pod waits").toBe(0);
  }
  async function endOf(pod: string | undefined): Promise<void> {
    if (pod === undefined) return;
    holds.delete(pod);
    await end(pod);
  }

  for (const { kind, of, at } of happens) {
    if (kind === "come") waits.add(`${of}-${String(count + waits.size + at * 100).padStart(5, "0")}`);
    if (kind === "end") await endOf([...holds][at % Math.max(1, holds.size)]);
    if (kind === "leave") {
      const pod = [...waits][at % Math.max(1, waits.size)];
      if (pod === undefined) continue;
      await timed.ledger.release(pod, how);
      waits.delete(pod);
      if (![...waits].some((each) => namespace(each) === namespace(pod))) last.delete(namespace(pod));
    }
    await serve();
  }
  for (let left = waits.size + holds.size; left > 0; left--) {
    await endOf([...holds][0]);
    await serve();
  }
  expect([...waits], "left waiting").toEqual([]);
}

const plays: fc.Arbitrary<Play> = fc.record({
  quota: fc.integer({ min: 1, max: 4 }),
  addresses: fc.integer({ min: 1, max: 4 }),
  happens: events,
});

describe("Ledger, whatever comes and goes: no namespace starves", () => {
  it("in memory", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(plays, async (what) => {
      const timed = await timedMemoryLedger();
      await play(timed, what);
      await timed.end();
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it.skipIf(redisUrl === "")("on Redis", { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(plays, async (what) => {
      const timed = await timedRedisLedger(redisUrl);
      try {
        await play(timed, what);
      } finally {
        await timed.end();
      }
    });
    await fc.assert(property, { numRuns: 20 });
  });

  it.each(["memory", "redis"])(
    "lets one pod not wait for 500 of another namespace (%s)",
    { timeout: 60_000 },
    async (kind) => {
      if (kind === "redis" && redisUrl === "") return;
      const timed = await (kind === "redis" ? timedRedisLedger(redisUrl) : timedMemoryLedger());
      const { ask, end } = await scene(timed, 2);
      for (let index = 0; index < 500; index++) await ask(`a-${index}`);
      expect(await ask("b-1")).toBe(1);
      await end("a-0");
      expect(await ask("a-2")).toBe(2);
      expect(await ask("b-1")).toBe(0);
      await timed.end();
    },
  );
});
