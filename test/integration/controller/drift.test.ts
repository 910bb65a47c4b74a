import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pool } from "../../../shared/pools/schema.ts";
import type { Controller } from "../../../webhook/controller/controller.ts";
import { controlled, type Controlled } from "../../support/cluster/controlled.ts";
import { aPool } from "../../support/cluster/snapshots.ts";

let world: Controlled;
let controller: Controller;

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  const stopped = controller.stop();
  await world.pass(10_000);
  await stopped;
  vi.useRealTimers();
});

/** A controller over nodes `a` and `b`, and the pod `p1` that holds the pool's first address on `a`. */
async function holding(pool: Pool = aPool()): Promise<void> {
  world = controlled([pool]);
  for (const name of ["a", "b"]) world.cluster.setNode({ name });
  world.cluster.setPod({ uid: "p1", namespace: "shop", name: "p1", node: "a" });
  controller = world.start("one");
  await world.pass(1_000);
  await world.acquire("p1", "a");
  await world.pass(2_000);
  world.cluster.setPod({ uid: "p1", namespace: "shop", name: "p1", sidecar: "started" });
  expect(holders()).toEqual(["203.0.113.1 a"]);
}

/** Time passes, with a sidecar that renews `p1` and acquires again when its lease is not known. */
async function live(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    const renewal = await world.ledger.renew("p1", 60_000);
    if (renewal.status === "unknown") await world.acquire("p1", "a");
    await world.pass(10_000);
  }
}

/** As somebody with the cloud's console. */
function takeOff(ip: string): void {
  const holder = world.cloud.state.nodes.get(world.cloud.state.holders.get(ip) ?? "");
  if (holder !== undefined) Object.assign(holder, { egressIp: null, kind: "none" });
  world.cloud.state.holders.delete(ip);
}
function putOn(ip: string, name: string): void {
  world.cloud.state.holders.set(ip, name);
  const node = world.cloud.state.nodes.get(name);
  if (node !== undefined) Object.assign(node, { egressIp: ip, kind: "reserved" });
}
const holders = () => [...world.cloud.state.holders].map(([ip, node]) => `${ip} ${node}`).toSorted();
const address = () => world.cluster.pod("p1")?.address;

describe("an address in use", () => {
  describe("when it is detached by hand", () => {
    it("is attached again within the minute, and the repair is counted", async () => {
      await holding();
      await live(60);
      takeOff("203.0.113.1");
      await live(80);
      expect(holders()).toEqual(["203.0.113.1 a"]);
      expect(world.metrics.repairs.get("attached again")).toBe(1);
      expect(address()).toBe("203.0.113.1");
    });
  });

  describe("when it is moved by hand to a stranger", () => {
    it("is left there, and its pods get another one and are told", async () => {
      await holding();
      await live(60);
      takeOff("203.0.113.1");
      putOn("203.0.113.1", "stranger");
      await live(120);
      expect(holders()).toEqual(["203.0.113.1 stranger", "203.0.113.2 a"]);
      expect(address()).toBe("203.0.113.2");
      expect(world.reasons()).toContain("p1 EgressAddressChanged");
      const { addresses } = await world.ledger.snapshot();
      expect(addresses[0]).toMatchObject({ ip: "203.0.113.1", state: "taken" });
    });
  });

  describe("when it is moved by hand to another node of the cluster", () => {
    it("comes back from there, as no pod there needs it", async () => {
      await holding();
      world.cloud.addNode({ name: "b" });
      await live(60);
      takeOff("203.0.113.1");
      putOn("203.0.113.1", "b");
      await live(360);
      expect(holders()).toEqual(["203.0.113.2 a"]);
      expect(address()).toBe("203.0.113.2");
    });
  });

  describe("when it is deleted", () => {
    it("gives way to another one, and node and pod say the truth", async () => {
      await holding();
      await live(60);
      takeOff("203.0.113.1");
      world.cloud.state.gone.add("203.0.113.1");
      await live(120);
      expect(holders()).toEqual(["203.0.113.2 a"]);
      expect(world.cluster.node("a")).toMatchObject({ pool: "partners", address: "203.0.113.2" });
      expect(address()).toBe("203.0.113.2");
      const message = world.cluster.events().find(({ reason }) => reason === "EgressAddressChanged")?.message;
      expect(message).toContain("no longer from 203.0.113.1");
    });

    it("leaves its pods waiting when there is no other one, and they say so", async () => {
      await holding(aPool({ select: { addresses: ["203.0.113.1"] } }));
      await live(60);
      takeOff("203.0.113.1");
      world.cloud.state.gone.add("203.0.113.1");
      await live(120);
      expect(holders()).toEqual([]);
      expect(world.reasons()).toContain("p1 EgressPoolExhausted");
      expect(world.cluster.node("a")).toMatchObject({ pool: null, address: null });
    });
  });

  describe("when it is taken out of the pool", () => {
    const smaller = aPool({ select: { addresses: ["203.0.113.2", "203.0.113.3"] } });

    it("stays until its last lease ends, and is free for others then", async () => {
      await holding();
      world.setPools([smaller]);
      await live(180);
      expect(holders()).toEqual(["203.0.113.1 a"]);
      expect(world.metrics.repairs.get("attached again") ?? 0).toBe(0);
      world.cluster.removePod("p1");
      await world.pass(60_000);
      expect(holders()).toEqual([]);
      expect((await world.ledger.snapshot()).addresses.map(({ ip }) => ip)).toEqual(["203.0.113.2", "203.0.113.3"]);
    });

    it("is missed all the same when it is taken off by hand: its pods get one of the pool", async () => {
      await holding();
      world.setPools([smaller]);
      await live(60);
      takeOff("203.0.113.1");
      await live(120);
      expect(holders()).toEqual(["203.0.113.2 a"]);
      expect(address()).toBe("203.0.113.2");
      expect(world.reasons()).toContain("p1 EgressAddressChanged");
    });
  });

  describe("when an address is added to a full pool", () => {
    it("goes to the pod that waits", async () => {
      const full = aPool({ select: { addresses: ["203.0.113.1"] } });
      await holding(full);
      await world.acquire("p2", "b");
      world.setPools([aPool({ select: { addresses: ["203.0.113.1", "203.0.113.9"] } })]);
      await world.pass(2_000);
      await world.acquire("p2", "b");
      await world.pass(2_000);
      expect(holders()).toEqual(["203.0.113.1 a", "203.0.113.9 b"]);
    });
  });

  describe("when its node is replaced under the same name", () => {
    it("comes back, and serves the new machine's pods once they ask", async () => {
      await holding(aPool({ select: { addresses: ["203.0.113.1"] } }));
      world.cloud.removeNode("a");
      world.cluster.setNode({ name: "a", uid: "later", providerId: "memory:///a2" });
      await world.pass(40_000);
      world.cluster.setPod({ uid: "p2", namespace: "shop", name: "p2", node: "a" });
      await world.acquire("p2", "a");
      await world.pass(5_000);
      expect(holders()).toEqual(["203.0.113.1 a2"]);
      expect(world.cluster.node("a")).toMatchObject({ address: "203.0.113.1" });
    });
  });
});

describe("a foreign static address on a node", () => {
  it("is never touched, and is an Event, a figure and a line of inspection", async () => {
    world = controlled();
    world.cluster.setNode({ name: "a" });
    world.cloud.addNode({ name: "a" });
    putOn("192.0.2.9", "a");
    controller = world.start("one");
    await world.pass(1_000);
    await world.acquire("p1", "a");
    await world.pass(20_000);
    expect(world.cloud.state.nodes.get("a")).toMatchObject({ egressIp: "192.0.2.9", kind: "reserved" });
    expect(world.reasons()).toContain("a EgressConflict");
    expect(world.metrics.refused.get("NODE_FOREIGN_ADDRESS")).toBe(1);
    expect((await world.ledger.snapshot()).problems).toMatchObject([{ code: "NODE_FOREIGN_ADDRESS" }]);
  });
});
