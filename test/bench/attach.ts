import { AssociateAddressCommand, DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { setTimeout as pause } from "node:timers/promises";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { createAwsCloud } from "../../shared/clouds/aws/cloud.ts";
import type { Job, Ledger } from "../../shared/ledger/port.ts";
import { connectRedis } from "../../shared/ledger/redis/connect.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import { createRedlock } from "../../shared/lock/redlock.ts";
import { type Scene, sidecarScene } from "../integration/sidecar-scene.ts";
import { fakeWorld } from "../support/clouds/fake.ts";
import { startFakeEc2 } from "../support/clouds/fake-ec2.ts";
import { worldOf } from "../support/clouds/world.ts";
import { claim } from "../support/ledger-cases.ts";
import { startRedis } from "../support/redis.ts";
import { median } from "./quantile.ts";
import { root } from "./root.ts";
import { notMeasured, type Row } from "./row.ts";
import { gateOpen } from "./sidecar-hold.ts";

const rounds = 15;
/** What EC2 takes; the defaults of the lab that the end-to-end ring runs on. */
const latency = { readMs: 80, changeMs: 300 };
const asEc2 = (action: string) => pause(action.startsWith("Describe") ? latency.readMs : latency.changeMs);
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const log = pino({ level: "silent" });

/** From the ledger's reservation to the confirmed address, beside the cloud's own two calls in the same run. */
export async function benchAttach(): Promise<Row[]> {
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured("attach", "no redis-server or valkey-server on the PATH")];
  const scene = await sidecarScene(root, redis.url, 1);
  scene.before = asEc2;
  const bare = await bareCalls();
  const attaches = oneProcess(scene.ledger, redis.url, scene.endpoint);
  try {
    const [bareMs, ownMs, childMs]: [number[], number[], number[]] = [[], [], []];
    await bare.attach(); // the connections
    await attaches.attachAndRelease("warm");
    for (let index = 0; index < rounds; index++) {
      bareMs.push(await bare.attach());
      ownMs.push(await attaches.attachAndRelease(`pod-${index}`));
      if (index < 5) childMs.push(await throughSidecar(scene, `child-${index}`));
    }
    const ratio = { value: median(ownMs) / median(bareMs), unit: "", goal: { atMost: 1.15 } };
    const ec2 = `EC2 in small, ${latency.readMs} ms a read, ${latency.changeMs} ms a change`;
    return [
      { name: "attach: the cloud's own calls", value: median(bareMs), unit: "ms", note: `median of ${rounds}; ${ec2}` },
      { name: "attach: reserved to confirmed", value: median(ownMs), unit: "ms", note: `median of ${rounds}` },
      { name: "attach: confirmed, over the cloud's own calls", ...ratio },
      {
        name: "attach: reserved to gate open, by a sidecar's child",
        value: median(childMs),
        unit: "ms",
        note: `median of ${childMs.length}; starting a process and loading the SDK included`,
      },
    ];
  } finally {
    await attaches.close();
    await bare.close();
    await scene.close();
    await redis.stop();
  }
}

/** The two calls that an attach needs, as the SDK makes them. */
async function bareCalls() {
  const world = fakeWorld(worldOf("aws"));
  const server = await startFakeEc2(world, asEc2);
  const client = new EC2Client({ region: "eu-west-1", endpoint: server.endpoint, credentials });
  const [node] = world.nodes;
  const [address] = world.addresses;
  return {
    async attach(): Promise<number> {
      const startedAt = performance.now();
      await client.send(new DescribeInstancesCommand({ InstanceIds: [node?.id ?? ""] }));
      const to = { AllocationId: address?.id, NetworkInterfaceId: `eni-${node?.name}/0`, AllowReassociation: false };
      await client.send(new AssociateAddressCommand(to));
      return performance.now() - startedAt;
    },
    close: () => server.close(),
  };
}

/** Ledger, lock, worker and adapter in this process, as the controller has them. */
function oneProcess(ledger: Ledger, redisUrl: string, endpoint: string) {
  const server = connectRedis(redisUrl, () => undefined);
  const cloud = createAwsCloud({ region: "eu-west-1", endpoint, credentials });
  const shop = { ledger, turns: createTurns(ledger), cloud, lock: createRedlock([server], "bench"), log };
  const leases = createLeaseService({
    ledger,
    work: async (job: Job, signal) => void (await work(job, shop, signal)),
    mayWork: ["aws"],
    leaseMs: 60_000,
    log,
  });
  return {
    async attachAndRelease(podUid: string): Promise<number> {
      const startedAt = performance.now();
      const { status } = await leases.acquire(claim(podUid, "node-1"));
      const took = performance.now() - startedAt;
      if (status !== "attached") throw new Error(`acquire was answered ${status}`);
      await leases.release(podUid, 10_000);
      return took;
    },
    close: async () => server.disconnect(),
  };
}

/** By the clock of this machine, which is Redis' and the file system's, too. */
async function throughSidecar(scene: Scene, podUid: string): Promise<number> {
  const directory = await scene.runDirectory();
  const sidecar = scene.start(podUid, "node-1", directory);
  await gateOpen(sidecar);
  const lease = (await scene.snapshot()).leases.find((one) => one.podUid === podUid);
  if (lease === undefined) throw new Error(`no lease of ${podUid}: ${sidecar.output()}`);
  const { mtimeMs } = await stat(join(directory, "ready"));
  await sidecar.end("SIGTERM");
  return mtimeMs - lease.sinceMs;
}
