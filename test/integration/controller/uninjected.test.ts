import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Controller } from "../../../webhook/controller/controller.ts";
import { controlled, type Controlled } from "../../support/cluster/controlled.ts";

const lacking = (uid: string, namespace = "shop") => ({ uid, namespace, name: uid, sidecar: "missing" }) as const;
let world: Controlled;
let running: Controller;

beforeEach(() => {
  vi.useFakeTimers();
  world = controlled();
});
afterEach(async () => {
  const stopped = running.stop();
  await world.pass(10_000);
  await stopped;
  vi.useRealTimers();
});

describe("pods that were never injected", () => {
  it("are told so at the start of a term, with what to do, and counted", async () => {
    world.cluster.setPod(lacking("p1"));
    world.cluster.setPod({ uid: "p2", namespace: "shop", name: "p2" });
    running = world.start("one");
    await world.pass(1_000);
    expect(world.cluster.events()).toMatchObject([
      { about: { kind: "Pod", name: "p1" }, type: "Warning", reason: "EgressNotInjected" },
    ]);
    expect(world.cluster.events()[0]?.message).toContain("Create it again");
    expect(world.metrics.uninjected).toBe(1);
  });

  it("are told so within five minutes when they come later, and no longer counted once they have gone", async () => {
    running = world.start("one");
    await world.pass(1_000);
    world.cluster.setPod(lacking("p1"));
    await world.pass(300_000);
    expect(world.reasons()).toEqual(["p1 EgressNotInjected"]);
    world.cluster.removePod("p1");
    await world.pass(300_000);
    expect(world.metrics.uninjected).toBe(0);
  });

  it("are left alone in namespaces for which the webhook is never called", async () => {
    world.cluster.ignoreNamespace("legacy");
    for (const namespace of ["legacy", "kube-system", "static-egress"]) {
      world.cluster.setPod(lacking(`p-${namespace}`, namespace));
    }
    running = world.start("one");
    await world.pass(1_000);
    expect(world.reasons()).toEqual([]);
    expect(world.metrics.uninjected).toBe(0);
  });
});
