import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PodNote } from "../../../shared/ledger/records.ts";
import type { Controller } from "../../../webhook/controller/controller.ts";
import { controlled, type Controlled } from "../../support/cluster/controlled.ts";
import { aPool } from "../../support/cluster/snapshots.ts";

let world: Controlled;
let controller: Controller;

beforeEach(async () => {
  vi.useFakeTimers();
  world = controlled([aPool({ select: { addresses: ["203.0.113.1"] } })]);
  for (const name of ["a", "b"]) world.cluster.setNode({ name });
  for (const uid of ["p1", "p2"]) world.cluster.setPod({ uid, namespace: "shop", name: uid });
  controller = world.start("one");
  await world.pass(1_000);
  await world.acquire("p1", "a");
  await world.pass(2_000);
});
afterEach(async () => {
  const stopped = controller.stop();
  await world.pass(10_000);
  await stopped;
  vi.useRealTimers();
});
const said = (reason: string) => world.cluster.events().filter((event) => event.reason === reason);

describe("what sidecars say of their pods", () => {
  it("is told on the pod that was started without its address, and counted once", async () => {
    const note: PodNote = { kind: "proceeding", detail: "exhausted" };
    const claim = { podUid: "p2", pod: "shop/p2", serviceAccount: "shop/default", node: "b", pool: "partners", note };
    for (let second = 0; second < 30; second += 1) {
      await world.ledger.acquire(claim, { leaseMs: 60_000, mayWork: [] });
      await world.pass(1_000);
    }
    expect(said("EgressUnavailable")).toMatchObject([{ about: { name: "p2" }, type: "Warning" }]);
    expect(said("EgressUnavailable")[0]?.message).toContain("Started without its address");
    expect(world.metrics.notes).toEqual(["partners proceeding"]);
  });

  it("is told on the pod whose address could not be verified, and again when it fails again later", async () => {
    await world.ledger.renew("p1", 60_000, { kind: "unverified", detail: "saw 198.51.100.7" });
    await world.pass(2_000);
    expect(said("EgressVerifyFailed")).toMatchObject([{ about: { name: "p1" }, type: "Warning" }]);
    expect(said("EgressVerifyFailed")[0]?.message).toContain("saw 198.51.100.7");
    await world.ledger.renew("p1", 60_000, null);
    await world.pass(2_000);
    await world.ledger.renew("p1", 60_000, { kind: "unverified", detail: "saw 198.51.100.7" });
    await world.pass(2_000);
    expect(world.metrics.notes).toEqual(["partners unverified", "partners unverified"]);
  });
});
