import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { createClouds } from "../../shared/clouds/clouds.ts";
import type { CloudCall, Machine } from "../../shared/clouds/port.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import { createMemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import { startController } from "../../webhook/controller/controller.ts";
import { openLedger } from "../../webhook/open-ledger.ts";
import { claim } from "../support/ledger-cases.ts";
import { recordMetrics } from "../support/cluster/recorded-metrics.ts";

/** What herd.ts tells the process below. */
export interface HerdOrder {
  /** Null: the cloud's calls alone, by the adapter, with nothing around them. */
  readonly redisUrl: string | null;
  readonly endpoint: string;
  readonly pool: Pool;
  /** These ask before the others, to warm up. */
  readonly first: readonly HerdNode[];
  readonly nodes: readonly HerdNode[];
}

/** `machine`: as the pool's cloud knows it. */
export interface HerdNode {
  readonly name: string;
  readonly machine: Machine;
}

export interface HerdResult {
  /** From the moment all asked until each was confirmed. */
  readonly confirmedMs: readonly number[];
  /** Calls to the cloud since that moment. */
  readonly calls: readonly CloudCall[];
}

// The process that herd.ts measures: a webhook replica as control.ts builds it (ledger, locks, clouds, controller, lease service),
// for nodes in a cluster in memory. Tells the HerdResult to its parent.

const { redisUrl, endpoint, pool, first, nodes } = JSON.parse(process.argv[2] ?? "") as HerdOrder;
const log = pino({ level: "silent" });
const leaseMs = 60_000;
const pollMs = 20_000;
/** Until what the first ones have taken of the account's limits is there again. */
const restMs = 5_000;

const calls: CloudCall[] = [];
const at = pool.cloud === "aws" ? { awsEndpoint: endpoint } : { gcpEndpoint: endpoint };
const clouds = createClouds({ ...at, onCall: (call) => void calls.push(call) });

async function replica(url: string): Promise<(node: HerdNode) => Promise<void>> {
  const cluster = createMemoryCluster();
  for (const { name, machine } of [...first, ...nodes]) {
    cluster.setNode({ name, providerId: machine.providerId, region: pool.region });
    cluster.setPod({ uid: `pod-${name}`, namespace: "apps", name: `pod-${name}`, node: name });
  }
  const { ledger, lock } = openLedger({ url, lockUrls: [], installation: "bench", onError: () => undefined });
  const turns = createTurns(ledger);
  startController({
    cluster,
    ownEvents: { set: () => undefined },
    ledger,
    clouds,
    pools: { current: () => [pool], subscribe: () => () => undefined },
    work: async (job, signal) => work(job, { ledger, turns, cloud: await clouds.forPool(job.pool), lock, log }, signal),
    leaseMs,
    log,
    metrics: recordMetrics(),
    clock: Date.now,
    identity: "bench",
  });
  const leases = createLeaseService({
    ledger,
    work: () => Promise.reject(new Error("no cloud work was asked for")),
    mayWork: [],
    leaseMs,
    log,
  });
  for (;;) {
    const known = await ledger.snapshot();
    if (known.nodes.length >= nodes.length && known.addresses.length >= nodes.length) break;
    await sleep(50);
  }
  return async ({ name }) => {
    const wish = claim(`pod-${name}`, name);
    while ((await leases.acquire(wish)).status !== "attached") await leases.woken(wish.podUid, pollMs);
  };
}

async function callsAlone(): Promise<(node: HerdNode) => Promise<void>> {
  const cloud = await clouds.forPool(pool);
  const free = (await cloud.listAddresses(pool)).toReversed();
  return async ({ machine }) => {
    const address = free.pop();
    if (address === undefined) throw new Error("there are fewer addresses than nodes");
    await cloud.attach(pool, { machine, address, attempt: `1.${free.length}` });
  };
}

const confirmed = await (redisUrl === null ? callsAlone() : replica(redisUrl));
await Promise.all(first.map(confirmed));
await sleep(restMs);
calls.length = 0;
const startedAt = performance.now();
const confirmedMs = await Promise.all(
  nodes.map(async (node) => {
    await confirmed(node);
    return performance.now() - startedAt;
  }),
);
process.send?.({ confirmedMs, calls } satisfies HerdResult);
process.on("disconnect", () => process.exit(0));
