import { setTimeout as pause } from "node:timers/promises";
import { until } from "../e2e/support/wait.ts";
import { type Sidecar, sidecarScene } from "../integration/sidecar-scene.ts";
import { startRedis } from "../support/redis.ts";
import { cpuMsOf, memoryOf } from "./process.ts";
import { root } from "./root.ts";
import { type BenchSettings, notMeasured, type Row } from "./row.ts";

/** Until then it is still busy with having started. */
const settlingMs = 5000;

const goals = { rssMiB: 55, anonymousMiB: 16, cpuMsPerSecond: 2 };

/**
 * Two sidecars that hold a lease on one node, over a Redis on the loopback: the one whose child attached the address, and
 * one that came later.
 */
export async function benchSidecarHold({ holdSeconds }: BenchSettings): Promise<Row[]> {
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured("sidecar at rest", "no redis-server or valkey-server on the PATH")];
  const scene = await sidecarScene(root, redis.url, 1);
  try {
    const holders: [string, Sidecar][] = [];
    for (const [podUid, which] of [
      ["pod-1", "that attached the address"],
      ["pod-2", "that shares it"],
    ] as const) {
      const sidecar = scene.start(podUid, "node-1", await scene.runDirectory());
      await gateOpen(sidecar);
      holders.push([which, sidecar]);
    }
    const rows = await Promise.all(
      holders.map(([which, sidecar]) => figuresAtRest(which, sidecar, holdSeconds, goals)),
    );
    return rows.flat();
  } finally {
    await scene.close();
    await redis.stop();
  }
}

export async function gateOpen(sidecar: Sidecar): Promise<void> {
  await until("the sidecar's gate is open", async () => {
    if (sidecar.process.exitCode !== null) throw new Error(sidecar.output());
    return (await sidecar.file("ready")) === "" ? `gate closed; ${sidecar.output()}` : true;
  });
}

export async function figuresAtRest(
  which: string,
  { process: { pid = 0 } }: Sidecar,
  holdSeconds: number,
  goals: { readonly rssMiB: number; readonly anonymousMiB: number; readonly cpuMsPerSecond: number },
): Promise<Row[]> {
  await pause(settlingMs);
  const cpuBeforeMs = cpuMsOf(pid);
  const restMs = Math.max(1000, holdSeconds * 1000 - settlingMs);
  await pause(restMs);
  const cpuMs = cpuMsOf(pid) - cpuBeforeMs;
  const { rssMiB, anonymousMiB } = memoryOf(pid);
  const held = `held for ${holdSeconds} s`;
  return [
    { name: `sidecar ${which}: RSS`, value: rssMiB, unit: "MiB", goal: { atMost: goals.rssMiB }, note: held },
    {
      name: `sidecar ${which}: anonymous memory`,
      value: anonymousMiB,
      unit: "MiB",
      goal: { atMost: goals.anonymousMiB },
      note: held,
    },
    {
      name: `sidecar ${which}: CPU at rest`,
      value: cpuMs / (restMs / 1000),
      unit: "ms/s",
      goal: { below: goals.cpuMsPerSecond },
      note: `over ${restMs / 1000} s`,
    },
  ];
}
