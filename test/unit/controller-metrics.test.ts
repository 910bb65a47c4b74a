import { beforeEach, describe, expect, it } from "vitest";
import { createMetrics } from "../../shared/metrics.ts";
import { controllerMetrics } from "../../webhook/controller-metrics.ts";
import { figuresOf } from "../../webhook/controller/metrics.ts";
import { aWaiter } from "../support/cluster/snapshots.ts";

const pool = (name: string, free: number) => ({ name, addresses: { free, used: 1, taken: 0, out: 0 }, holders: [] });

describe("controllerMetrics", () => {
  let metrics: ReturnType<typeof createMetrics>;
  beforeEach(() => void (metrics = createMetrics()));
  const exhausted = async () =>
    Object.fromEntries((await metrics.poolExhausted.get()).values.map(({ labels, value }) => [labels.pool, value]));

  it("says that a pool is exhausted while none of it is free and pods wait for it", async () => {
    const waiters = ["full", "roomy"].map((name) => ({ ...aWaiter("w", "a"), pool: name }));
    const pools = [pool("full", 0), pool("roomy", 1), pool("unasked", 0)];
    controllerMetrics(metrics).figures(figuresOf({ nowMs: 0, epoch: "1", pools, waiters }));
    expect(await exhausted()).toEqual({ full: 1, roomy: 0, unasked: 0 });
  });

  it("says nothing of pools once another replica leads", async () => {
    const recorded = controllerMetrics(metrics);
    recorded.figures(figuresOf({ nowMs: 0, epoch: "1", pools: [pool("full", 0)], waiters: [] }));
    recorded.figures({ addresses: [], waiting: [], exhausted: [] });
    expect(await exhausted()).toEqual({});
    expect((await metrics.addresses.get()).values).toEqual([]);
  });

  it("counts addresses by state, up and down", async () => {
    const recorded = controllerMetrics(metrics);
    recorded.attachments("p", "attaching", 1);
    recorded.attachments("p", "attaching", -1);
    recorded.attachments("p", "attached", 1);
    expect((await metrics.attachments.get()).values.map(({ labels, value }) => [labels.state, value])).toEqual([
      ["attaching", 0],
      ["attached", 1],
    ]);
  });
});
