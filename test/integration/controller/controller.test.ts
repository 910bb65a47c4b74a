import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EgressError } from "../../../shared/errors.ts";
import type { Controller } from "../../../webhook/controller/controller.ts";
import { controlled, type Controlled } from "../../support/cluster/controlled.ts";
import { aPod, aPool } from "../../support/cluster/snapshots.ts";

const pod = (uid: string) => ({ uid, namespace: "shop", name: uid });
let world: Controlled;
let running: Controller[];

beforeEach(() => {
  vi.useFakeTimers();
  world = controlled();
  running = [];
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

describe("startController", () => {
  describe("when it begins to lead", () => {
    it("puts pools, nodes and inventory into the ledger", async () => {
      world.cluster.setNode({ name: "a" });
      await started();
      const { pools, nodes, addresses } = await world.ledger.snapshot();
      expect(pools.map(({ name }) => name)).toEqual(["partners"]);
      expect(nodes).toMatchObject([{ name: "a", cloud: "memory", machine: { id: "a" }, ready: true }]);
      expect(addresses.map(({ ip }) => ip)).toEqual(["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
    });

    it("forgets nodes that went while nobody looked, and their leases end", async () => {
      const machine = { id: "gone", providerId: "memory:///gone" };
      await world.ledger.putPools([aPool()]);
      await world.ledger.putNode({ name: "gone", uid: "u", cloud: "memory", region: "local", machine, ready: true });
      await started();
      expect((await world.ledger.snapshot()).nodes).toEqual([]);
    });

    it("takes marks off nodes that have no attachment any more", async () => {
      world.cluster.setNode({ name: "a", pool: "partners", address: "203.0.113.1" });
      await started();
      expect(world.cluster.node("a")).toMatchObject({ pool: null, address: null });
    });
  });

  describe("when the first pod of a node asks for an address", () => {
    it("attaches one, marks node and pod, and tells both", async () => {
      world.cluster.setNode({ name: "a" });
      world.cluster.setPod(pod("p1"));
      world.cluster.setPod(pod("p2"));
      await started();
      await world.acquire("p1", "a");
      await world.acquire("p2", "a");
      await world.pass(2_000);
      expect(await world.acquire("p1", "a")).toMatchObject({ status: "attached", ip: "203.0.113.1" });
      expect(world.cluster.node("a")).toMatchObject({ pool: "partners", address: "203.0.113.1" });
      expect(world.cluster.pod("p1")?.address).toBe("203.0.113.1");
      expect(world.reasons()).toEqual([
        "a EgressAddressAttached",
        "p1 EgressAddressAttached",
        "p2 EgressAddressShared",
      ]);
      expect([...world.metrics.leases]).toEqual([["partners a", 2]]);
    });
  });

  describe("when the last lease of a node is released", () => {
    it("detaches once it has lingered, not at the next sweep, and takes the marks away", async () => {
      world = controlled([aPool({ lingerSeconds: 20 })]);
      world.cluster.setNode({ name: "a" });
      world.cluster.setPod(pod("p1"));
      await started();
      await world.acquire("p1", "a");
      await world.pass(2_000);
      await world.ledger.release("p1", { mayWork: [] });
      await world.pass(19_500);
      expect(world.cloud.state.holders.get("203.0.113.1")).toBe("a");
      await world.pass(1_000);
      expect(world.cloud.state.holders.get("203.0.113.1")).toBeUndefined();
      await world.pass(500);
      expect(world.cluster.node("a")).toMatchObject({ pool: null, address: null });
      expect(world.reasons().slice(-2)).toEqual(["p1 EgressReleased", "a EgressAddressReleased"]);
    });
  });

  describe("when a node's cloud is slow", () => {
    it("serves other nodes meanwhile", async () => {
      world = controlled();
      for (const name of ["a", "b"]) world.cluster.setNode({ name });
      const attach = world.cloud.attach.bind(world.cloud);
      vi.spyOn(world.cloud, "attach").mockImplementation((pool, assignment, signal) =>
        assignment.machine.id === "a" ? new Promise(() => undefined) : attach(pool, assignment, signal),
      );
      world.start("slow");
      await world.pass(1_000);
      await world.acquire("p1", "a");
      await world.acquire("p2", "b");
      await world.pass(1_000);
      expect(await world.acquire("p2", "b")).toMatchObject({ status: "attached" });
    });
  });

  describe("when leases are not renewed", () => {
    beforeEach(async () => {
      world.cluster.setNode({ name: "a" });
      world.cluster.setPod(pod("p1"));
      await started();
      await world.acquire("p1", "a");
      await world.pass(2_000);
    });

    it("keeps the lease of a pod that runs on a Ready node, and says once that it is late", async () => {
      await world.pass(180_000);
      expect((await world.ledger.snapshot()).leases).toHaveLength(1);
      expect(world.metrics.late).toEqual(["a"]);
      expect(world.metrics.ended).toEqual([]);
    });

    it("ends it when the node has been silent for unreachableSeconds, to the second", async () => {
      world.cluster.setNode({ name: "a", ready: false, notReadySinceMs: Date.now() + 10_000 });
      await world.pass(69_000);
      expect(world.metrics.ended).toEqual([]);
      await world.pass(2_000);
      expect(world.metrics.ended).toEqual(["node-unreachable"]);
    });

    it.each([
      ["is stopped", "machine-stopped", () => (world.cloud.state.nodes.get("a")!.running = false)],
      [
        "was ended",
        "machine-gone",
        () => world.cloud.fail("describeNode", new EgressError("NODE_UNKNOWN", "instance i-a is terminated"), 9),
      ],
    ])("ends it with its life when the node is not Ready and its machine %s", async (_, why, happen) => {
      happen();
      world.cluster.setNode({ name: "a", ready: false, notReadySinceMs: Date.now() + 40_000 });
      await world.pass(57_000);
      expect(world.metrics.ended).toEqual([]);
      await world.pass(2_000);
      expect(world.metrics.ended).toEqual([why]);
    });

    it("asks the cloud only about a node that is not Ready, and not more than once in ten seconds", async () => {
      const describeNode = vi.spyOn(world.cloud, "describeNode");
      await world.pass(90_000);
      expect(describeNode).not.toHaveBeenCalled();
      world.cluster.setNode({ name: "a", ready: false, notReadySinceMs: Date.now() });
      for (let second = 0; second < 30; second += 1) {
        await world.acquire(`p${second + 2}`, "a");
        await world.pass(1_000);
      }
      expect(describeNode.mock.calls.length).toBeGreaterThan(0);
      expect(describeNode.mock.calls.length).toBeLessThanOrEqual(3);
      expect(world.metrics.ended).toEqual([]);
    });
  });

  describe("when a pod with a live lease goes", () => {
    beforeEach(async () => {
      world.cluster.setNode({ name: "a" });
      world.cluster.setPod(pod("p1"));
      await started();
      await world.acquire("p1", "a");
      await world.pass(2_000);
    });

    it("ends the lease at once when the pod is gone", async () => {
      world.cluster.removePod("p1");
      await world.pass(100);
      expect(world.metrics.ended).toEqual(["pod-gone"]);
    });

    it("ends the lease at once when the pod has ended", async () => {
      world.cluster.setPod({ ...pod("p1"), ended: true });
      await world.pass(100);
      expect(world.metrics.ended).toEqual(["pod-ended"]);
    });

    it("takes the address off a pod that goes on without a lease, and leaves alone one that is being deleted", async () => {
      world.cluster.setPod(pod("p2"));
      await world.acquire("p2", "a");
      await world.pass(1_000);
      world.cluster.setPod({ ...pod("p2"), deleting: true });
      for (const uid of ["p1", "p2"]) await world.ledger.release(uid, { mayWork: [] });
      await world.pass(1_000);
      expect(world.cluster.pod("p1")?.address).toBeNull();
      expect(world.cluster.pod("p2")?.address).toBe("203.0.113.1");
    });

    it("keeps the lease when the watch lost it and a fresh read finds it", async () => {
      vi.spyOn(world.cluster, "readPod").mockResolvedValue(aPod("p1"));
      world.cluster.removePod("p1");
      await world.pass(1_000);
      expect(world.metrics.ended).toEqual([]);
      expect((await world.ledger.snapshot()).leases).toHaveLength(1);
    });

    it("ends the lease when its node is gone, and the address is free again", async () => {
      world.cluster.removeNode("a");
      world.cloud.removeNode("a");
      await world.pass(40_000);
      const { leases, addresses } = await world.ledger.snapshot();
      expect(leases).toEqual([]);
      expect(addresses.map(({ state }) => state)).toEqual(["free", "free", "free"]);
    });
  });

  describe("when the pool is full", () => {
    it("tells the waiting pod so, once a minute at most", async () => {
      world = controlled([aPool({ select: { addresses: ["203.0.113.1"] } })]);
      for (const name of ["a", "b"]) world.cluster.setNode({ name });
      for (const uid of ["p1", "p2"]) world.cluster.setPod(pod(uid));
      running.push(world.start("one"));
      await world.pass(1_000);
      await world.acquire("p1", "a");
      await world.pass(1_000);
      for (let second = 0; second < 90; second += 1) {
        await world.acquire("p2", "b");
        await world.pass(1_000);
      }
      expect(world.reasons().filter((reason) => reason === "p2 EgressPoolExhausted")).toHaveLength(2);
      expect(world.metrics.last?.waiting).toMatchObject([{ pool: "partners", count: 1 }]);
    });
  });

  describe("when one pool's inventory cannot be read", () => {
    it("goes on with the others, and reads it again later", async () => {
      const other = aPool({ name: "other", select: { addresses: ["203.0.113.9"] } });
      world = controlled([aPool(), other]);
      world.cloud.fail("listAddresses", new EgressError("CLOUD_UNAVAILABLE", "no answer"), 1);
      running.push(world.start("one"));
      await world.pass(3_000);
      expect(world.metrics.inventoryReads).toEqual(["partners CLOUD_UNAVAILABLE", "other ok", "partners ok"]);
    });

    it("reads at most once a minute when nothing fails", async () => {
      await started();
      await world.pass(10 * 60_000);
      expect(world.metrics.inventoryReads).toHaveLength(11);
    });
  });

  describe("when the pools change", () => {
    it("puts them and reads their inventory at once", async () => {
      await started();
      world.setPools([aPool({ select: { addresses: ["203.0.113.7"] } })]);
      await world.pass(100);
      const { addresses } = await world.ledger.snapshot();
      expect(addresses.map(({ ip }) => ip)).toContain("203.0.113.7");
    });
  });

  describe("when a node comes back as another machine under its name", () => {
    it("ends the leases of the old one and lists the new one", async () => {
      world.cluster.setNode({ name: "a" });
      await started();
      await world.acquire("p1", "a");
      await world.pass(1_000);
      world.cluster.setNode({ name: "a", uid: "another", providerId: "memory:///a2" });
      await world.pass(100);
      const { nodes, leases } = await world.ledger.snapshot();
      expect(nodes).toMatchObject([{ uid: "another", machine: { id: "a2" } }]);
      expect(leases).toEqual([]);
    });
  });

  describe("when there are two replicas", () => {
    it("one leads, and the other takes over within seconds when it stops", async () => {
      const one = await started("one");
      const two = await started("two");
      expect([one.leading(), two.leading()]).toEqual([true, false]);
      const stopped = one.stop();
      await world.pass(3_000);
      await stopped;
      expect([one.leading(), two.leading()]).toEqual([false, true]);
    });

    it("the leader stops working before another can lead, when it cannot renew", async () => {
      const one = await started("one");
      vi.spyOn(world.cluster, "writeLeadership").mockRejectedValue(new Error("no API server"));
      await world.pass(13_000);
      expect(one.leading()).toBe(false);
    });
  });

  describe("when the ledger is away for long", () => {
    it("says so a few times, and goes on where it was once it is back", async () => {
      for (const name of ["a", "b"]) world.cluster.setNode({ name });
      world.cluster.setPod(pod("p1"));
      await started();
      await world.acquire("p1", "a");
      await world.pass(2_000);
      world.ledgerAway = true;
      for (const name of ["c", "d"]) world.cluster.setNode({ name });
      await world.pass(3_600_000);
      expect(world.warnings.length).toBeLessThan(20);
      expect(world.metrics.ledgerFailures).toBeGreaterThan(500);
      world.ledgerAway = false;
      await world.pass(60_000);
      expect((await world.ledger.snapshot()).nodes).toHaveLength(4);
      expect(world.cloud.state.holders.get("203.0.113.1")).toBe("a");
    });
  });
});
