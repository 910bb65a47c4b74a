import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Ledger } from "../../../shared/ledger/port.ts";
import type { Controller } from "../../../webhook/controller/controller.ts";
import { controlled, type Controlled } from "../../support/cluster/controlled.ts";
import { aPool } from "../../support/cluster/snapshots.ts";

const pod = (uid: string, node: string) => ({ uid, namespace: "shop", name: uid, node, sidecar: "started" }) as const;
let world: Controlled;
let running: Controller[];

beforeEach(async () => {
  vi.useFakeTimers();
  world = controlled();
  running = [];
  for (const name of ["a", "b"]) world.cluster.setNode({ name });
});
afterEach(async () => {
  const stopped = Promise.all(running.map((controller) => controller.stop()));
  await world.pass(10_000);
  await stopped;
  vi.useRealTimers();
});

async function started(identity = "one"): Promise<Controller> {
  const controller = world.start(identity);
  running.push(controller);
  await world.pass(1_000);
  return controller;
}

/** The pod's sidecar takes its lease, and lets the app start. */
async function run(uid: string, node: string): Promise<void> {
  world.cluster.setPod({ ...pod(uid, node), sidecar: "waiting" });
  await world.acquire(uid, node);
  await world.pass(1_000);
  world.cluster.setPod(pod(uid, node));
}

async function attached(): Promise<void> {
  await run("p1", "a");
  await run("p2", "a");
  await run("p3", "b");
  await world.pass(1_000);
}
const holders = () => [...world.cloud.state.holders].map(([ip, node]) => `${ip} ${node}`).toSorted();
const leases = async () => (await world.ledger.snapshot()).leases.map(({ podUid }) => podUid).toSorted();
const asAttached = ["203.0.113.1 a", "203.0.113.2 b"];

describe("the ledger's epoch", () => {
  describe("while nothing is lost", () => {
    it("is beaten for, and mirrored on the leadership", async () => {
      await started();
      await world.pass(20_000);
      const { epoch } = await world.ledger.snapshot();
      const found = await world.cluster.readLeadership();
      expect(found?.leadership.mirror).toMatchObject({ epoch });
      expect(found?.leadership.mirror?.sequence).toBeGreaterThanOrEqual(4);
      expect(world.metrics.doubts).toEqual([]);
      expect(world.metrics.doubtful).toBe(false);
    });

    it("a leader that takes over finds no fault with it", async () => {
      const one = await started("one");
      await attached();
      const stopped = one.stop();
      await world.pass(3_000);
      await stopped;
      await started("two");
      await world.pass(3_000);
      expect(world.metrics.doubts).toEqual([]);
      expect(world.metrics.restored).toBe(0);
    });
  });

  describe("when the ledger is flushed", () => {
    it("restores every lease of a running pod, also of those that are being deleted, and moves no address", async () => {
      const controller = await started();
      await attached();
      world.ledger.restore();
      await world.pass(6_000);
      expect(world.metrics.doubts).toEqual(["empty"]);
      expect(world.metrics.doubtful).toBe(true);
      await world.pass(4_000);
      expect(await leases()).toEqual(["p1", "p2", "p3"]);
      expect(world.metrics.restored).toBe(3);
      expect(controller.state()).toContain("doubtful (empty)");
      expect(world.own.get("EgressLedgerDoubtful")).toContain("nothing is detached");
      expect(holders()).toEqual(asAttached);
      await world.pass(600_000);
      expect(holders()).toEqual(asAttached);
      expect(await leases()).toEqual(["p1", "p2", "p3"]);
      expect(world.metrics.doubtful).toBe(false);
      expect(controller.state()).toBe("leading");
      expect(world.own.size).toBe(0);
    });

    it("restores none whose app has not started, which has ended, or which is nowhere", async () => {
      await started();
      await attached();
      world.cluster.setPod({ ...pod("p1", "a"), sidecar: "waiting" });
      world.cluster.setPod({ ...pod("p2", "a"), ended: true });
      world.cluster.setPod({ uid: "p3", namespace: "shop", name: "p3", node: null });
      world.ledger.restore();
      await world.pass(10_000);
      expect(await leases()).toEqual([]);
    });

    it("detaches nothing while a lease is yet to be restored, also under the next leader", async () => {
      let answers = false;
      const inTerm = world.ledger.inTerm.bind(world.ledger);
      vi.spyOn(world.ledger, "inTerm").mockImplementation((term) => {
        const ledger = inTerm(term);
        const acquire: Ledger["acquire"] = (claim, how) =>
          answers || claim.podUid !== "p2" ? ledger.acquire(claim, how) : Promise.reject(new Error("no answer"));
        return { ...ledger, acquire };
      });
      const one = await started("one");
      await attached();
      world.cluster.removePod("p3");
      world.ledger.restore();
      await world.pass(300_000);
      expect(await leases()).toEqual(["p1"]);
      expect(holders()).toEqual(asAttached);
      const stopped = one.stop();
      await world.pass(3_000);
      await stopped;
      await started("two");
      await world.pass(300_000);
      expect(holders()).toEqual(asAttached);
      answers = true;
      await world.pass(120_000);
      expect(await leases()).toEqual(["p1", "p2"]);
      expect(holders()).toEqual(["203.0.113.1 a"]);
    });

    it("is found by the next leader when nobody led at the time", async () => {
      const one = await started("one");
      await attached();
      const stopped = one.stop();
      await world.pass(3_000);
      await stopped;
      world.ledger.restore();
      await started("two");
      await world.pass(9_000);
      expect(world.metrics.doubts).toEqual(["empty"]);
      expect(await leases()).toEqual(["p1", "p2", "p3"]);
      expect(holders()).toEqual(asAttached);
    });

    it("tells nobody that an address has gone, and takes no marks away", async () => {
      await started();
      await attached();
      const before = world.reasons();
      world.ledger.restore();
      await world.pass(120_000);
      expect(world.reasons()).toEqual(before);
      expect(world.cluster.node("a")).toMatchObject({ pool: "partners", address: "203.0.113.1" });
    });
  });

  describe("when it is flushed after a pool in use has left the file", () => {
    it("detaches nothing of that pool, and restores its leases once it is in the file again", async () => {
      await started();
      await attached();
      world.setPools([aPool({ name: "other", select: { addresses: ["203.0.113.9"] } })]);
      await world.pass(1_000);
      world.ledger.restore();
      await world.pass(600_000);
      expect(holders()).toEqual(asAttached);
      expect(await leases()).toEqual([]);
      world.setPools([aPool()]);
      await world.pass(10_000);
      expect(holders()).toEqual(asAttached);
      expect(await leases()).toEqual(["p1", "p2", "p3"]);
    });
  });

  describe("when an old snapshot is restored on another server", () => {
    it("does not believe it: leases that it lacks are there again, and those that had ended are not", async () => {
      await started();
      await run("p1", "a");
      const old = world.ledger.dump();
      await run("p3", "b");
      world.cluster.removePod("p1");
      await world.pass(2_000);
      world.ledger.restore(old, "another server");
      await world.pass(10_000);
      expect(world.metrics.doubts).toContain("other-server");
      expect(await leases()).toEqual(["p3"]);
      expect(holders()).toEqual(asAttached);
    });
  });
});

describe("a leader whose term is over", () => {
  it("is refused by the ledger, and ends its term though nobody told it", async () => {
    const one = await started("one");
    const found = await world.cluster.readLeadership();
    const mirror = found?.leadership.mirror ?? null;
    await world.ledger.inTerm((found?.leadership.transitions ?? 0) + 1).beat(mirror);
    vi.spyOn(world.cluster, "writeLeadership").mockResolvedValue(null);
    world.cluster.setNode({ name: "late" });
    await world.pass(6_000);
    expect(one.leading()).toBe(false);
    expect((await world.ledger.snapshot()).nodes.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("begins a later one when it holds the leadership all the same", async () => {
    const one = await started("one");
    const found = await world.cluster.readLeadership();
    const mirror = found?.leadership.mirror ?? null;
    await world.ledger.inTerm((found?.leadership.transitions ?? 0) + 1).beat(mirror);
    await world.pass(15_000);
    expect(one.leading()).toBe(true);
    world.cluster.setNode({ name: "c" });
    await world.pass(1_000);
    expect((await world.ledger.snapshot()).nodes).toHaveLength(3);
  });
});
