import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Leases } from "../../shared/leases/port.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createLogger } from "../../shared/log.ts";
import { claim, pool, putIntoUse } from "../support/ledger-cases.ts";
import { timedMemoryLedger, type TimedLedger } from "../support/ledgers.ts";
import { brokerScene } from "../support/lease-api/broker-scene.ts";

const log = createLogger({ name: "test", level: "silent" });

/** The leases of one pod, as its sidecar has them. */
type Open = (timed: TimedLedger) => Promise<(podUid: string, node: string) => Promise<Leases>>;

const implementations: Record<string, Open> = {
  "the lease service": async ({ ledger }) => {
    const leases = createLeaseService({ ledger, leaseMs: 60_000, log });
    return async () => leases;
  },
  "its HTTP client": async ({ ledger }) => {
    const scene = await brokerScene(ledger);
    onTestFinished(() => scene.close());
    return (podUid, node) => scene.leasesOf(podUid, node);
  },
};

describe.each(Object.entries(implementations))("Leases: %s", (_, open) => {
  let timed: TimedLedger;
  let leasesOf: (podUid: string, node: string) => Promise<Leases>;
  const p1 = claim("p1", "n1", { nodeUid: "uid-n1" });

  beforeEach(async () => {
    timed = await timedMemoryLedger();
    await putIntoUse(timed);
    leasesOf = await open(timed);
  });

  /** What the controller does. */
  async function work(): Promise<void> {
    for (const machine of (await timed.ledger.due()).machines) {
      const job = await timed.ledger.begin(machine);
      if (job === null) continue;
      const settlement =
        job.kind === "attach"
          ? ({ outcome: "attached", hadEphemeral: true } as const)
          : ({ outcome: "detached" } as const);
      await timed.ledger.settle(machine, job.fence, settlement);
    }
  }
  /** A pod's sidecar that holds its address. */
  async function holder(podUid: string, node: string): Promise<Leases> {
    const leases = await leasesOf(podUid, node);
    await leases.acquire(claim(podUid, node));
    await work();
    expect(await leases.acquire(claim(podUid, node))).toMatchObject({ status: "attached" });
    return leases;
  }
  const held = async () => (await timed.ledger.snapshot()).leases;

  it("takes a lease, and says the address once it is there", async () => {
    const leases = await leasesOf("p1", "n1");
    expect(await leases.acquire(p1)).toMatchObject({ status: "waiting", reason: "attaching" });
    const woken = leases.woken("p1", 10_000);
    await work();
    await woken;
    expect(await leases.acquire(p1)).toMatchObject({
      status: "attached",
      ip: "203.0.113.1",
      pool: { name: "partners", waitSeconds: 300 },
    });
    expect(await held()).toMatchObject([
      { podUid: "p1", pod: "apps/p1", serviceAccount: "apps/default", node: "n1", machine: "i-n1", pool: "partners" },
    ]);
  });

  it("says why a pod waits, its place in the queue and the pool's terms", async () => {
    await holder("p1", "n1");
    await holder("p2", "n2");
    const third = await leasesOf("p3", "n3");
    expect(await third.acquire(claim("p3", "n3"))).toMatchObject({
      status: "waiting",
      reason: "exhausted",
      detail: "every address of pool 'partners' is in use",
      position: 1,
      waiting: 1,
      pool: { name: "partners", waitSeconds: 300 },
    });
    expect(await third.acquire(claim("p3", "n3", { pool: "nobody" }))).toMatchObject({ reason: "pool-unknown" });
  });

  it("holds a pod back that the pool does not allow", async () => {
    await timed.ledger.putPools([pool({ allow: { namespaces: ["payments"] } })]);
    const leases = await leasesOf("p1", "n1");
    expect(await leases.acquire(p1)).toMatchObject({ reason: "pool-not-allowed" });
  });

  it("wakes who waits when an address is freed, and not before", async () => {
    const first = await holder("p1", "n1");
    await holder("p2", "n2");
    const third = await leasesOf("p3", "n3");
    await third.acquire(claim("p3", "n3"));
    let isWoken = false;
    const woken = third.woken("p3", 20_000).then(() => (isWoken = true));
    await first.release("p1", 1000);
    expect(isWoken).toBe(false); // it lingers
    await timed.pass(30_000);
    const startedAt = performance.now();
    await work();
    await woken;
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await third.acquire(claim("p3", "n3"))).toMatchObject({ reason: "attaching" });
  });

  it("stops waiting when its time is up, and when it is aborted", async () => {
    const leases = await leasesOf("p1", "n1");
    await leases.acquire(p1);
    const startedAt = performance.now();
    await leases.woken("p1", 60);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
    await leases.woken("p1", 0);
    const stopped = new AbortController();
    const woken = leases.woken("p1", 25_000, stopped.signal);
    stopped.abort();
    await woken;
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it("renews, and tells the note with it", async () => {
    const leases = await holder("p1", "n1");
    await timed.pass(20_000);
    const expiresAtMs = (await timed.ledger.now()) + 60_000;
    const note = { kind: "unverified", detail: "no answer" } as const;
    expect(await leases.renew("p1", note)).toEqual({ status: "renewed", ip: "203.0.113.1", expiresAtMs, late: false });
    expect(await held()).toMatchObject([{ note, expiresAtMs }]);
    await leases.renew("p1", null);
    expect((await held())[0]?.note).toBeUndefined();
  });

  it("tells the note with an acquire", async () => {
    const leases = await leasesOf("p1", "n1");
    const note = { kind: "proceeding", detail: "exhausted" } as const;
    await leases.acquire({ ...p1, note });
    expect(await held()).toMatchObject([{ note }]);
  });

  it("does not know a lease that has ended", async () => {
    const leases = await holder("p1", "n1");
    await timed.ledger.release("p1", { mayWork: [] });
    expect(await leases.renew("p1", null)).toEqual({ status: "unknown" });
  });

  it("drains, and takes the lease up again", async () => {
    const leases = await holder("p1", "n1");
    await leases.drain("p1", 300_000);
    expect(await held()).toMatchObject([{ state: "draining", expiresAtMs: (await timed.ledger.now()) + 315_000 }]);
    await leases.acquire(p1);
    expect(await held()).toMatchObject([{ state: "held" }]);
  });

  it("releases a lease and a place in the queue, twice without harm", async () => {
    const first = await holder("p1", "n1");
    await holder("p2", "n2");
    const third = await leasesOf("p3", "n3");
    await third.acquire(claim("p3", "n3"));
    await third.release("p3", 1000);
    expect((await timed.ledger.snapshot()).waiters).toEqual([]);
    await first.release("p1", 1000);
    await first.release("p1", 1000);
    expect(await held()).toMatchObject([{ podUid: "p2" }]);
  });

  it("releases for a sidecar that was restarted and has not acquired yet", async () => {
    await holder("p1", "n1");
    const again = await leasesOf("p1", "n1");
    await again.release("p1", 1000);
    expect(await held()).toEqual([]);
  });
});
