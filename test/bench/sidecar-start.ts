import { sidecarScene } from "../integration/sidecar-scene.ts";
import { startRedis } from "../support/redis.ts";
import { median } from "./quantile.ts";
import { root } from "./root.ts";
import { notMeasured, type Row } from "./row.ts";
import { gateOpen } from "./sidecar-hold.ts";

const starts = 10;
const name = "sidecar: process start to lease taken";

/** From before the process is spawned to when Redis carries out its acquire, by the one clock of this machine. */
export async function benchSidecarStart(): Promise<Row[]> {
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured(name, "no redis-server or valkey-server on the PATH")];
  const scene = await sidecarScene(root, redis.url, 1);
  try {
    const toLease: number[] = [];
    await gateOpen(scene.start("holder", "node-1", await scene.runDirectory()));
    for (let index = 0; index < starts; index++) {
      const podUid = `pod-${index}`;
      const sidecar = scene.start(podUid, "node-1", await scene.runDirectory());
      await gateOpen(sidecar);
      const lease = (await scene.snapshot()).leases.find((one) => one.podUid === podUid);
      if (lease === undefined) throw new Error(`no lease of ${podUid}: ${sidecar.output()}`);
      toLease.push(lease.sinceMs - sidecar.startedAtMs);
      await sidecar.end("SIGTERM");
    }
    const note = `median of ${starts}, the address already on the node; worst ${Math.max(...toLease)} ms`;
    return [{ name, value: median(toLease), unit: "ms", goal: { below: 250 }, note }];
  } finally {
    await scene.close();
    await redis.stop();
  }
}
