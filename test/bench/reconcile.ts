import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Ledger } from "../../shared/ledger/port.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { startRedis } from "../support/redis.ts";
import { leaseMs, nodeOf, podOf, podsPerNode } from "./reconcile-scene.ts";
import { notMeasured, type Row } from "./row.ts";

const sizes = [10, 1_000, 5_000];
const restMs = 60_000;
const changes = 1_000;
const changesPerSecond = 200;

/** What has been used since the process began: Redis' CPU, round trips to it, and the controller's CPU. */
interface Used {
  readonly redisMs: number;
  readonly calls: number;
  readonly controllerMs: number;
}

/**
 * What the active controller costs, at rest and for 1,000 changes, with ten leases on each node: on a real Redis, in a cluster
 * in memory. A change is a lease that ends or begins; the commands that make them are measured alone, and taken off.
 */
export async function benchReconcile(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await measure(size)));
  return rows;
}

async function measure(size: number): Promise<Row[]> {
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured("reconcile", "no redis-server or valkey-server on the PATH")];
  const asked = new Redis(redis.url);
  const ledger = connectLedger(redis.url, { installation: "bench" });
  const child = fork(new URL("reconcile-controller.ts", import.meta.url), [redis.url, String(size)], {
    execArgv: ["--import", new URL("lua-as-text.ts", import.meta.url).href],
  });
  try {
    const startedAt = performance.now();
    await filled(child, size * podsPerNode);
    const fillSeconds = (performance.now() - startedAt) / 1000;
    await sleep(35_000); // marks that were told again, and the first inventory's due times, are over
    const used = async (): Promise<Used> => ({ ...(await redisUsed(asked)), controllerMs: (await ask(child)).cpuMs });

    const atRest = await during(used, () => sleep(restMs));
    const churned = await during(used, async () => {
      await churn(ledger, size);
      await sleep(3_000);
    });
    child.kill();
    await once(child, "exit");
    const alone = await during(
      async () => ({ ...(await redisUsed(asked)), controllerMs: 0 }),
      () => churn(ledger, size),
    );
    const label = `reconcile, ${size} nodes`;
    const perChanges = "1,000 changes";
    return [
      { name: `${label}: controller at rest`, value: atRest.controllerMs, unit: "ms CPU/min" },
      {
        name: `${label}: Redis at rest`,
        value: atRest.redisMs,
        unit: "ms CPU/min",
        note: "its own housekeeping included",
      },
      { name: `${label}: round trips at rest`, value: atRest.calls, unit: "/min" },
      { name: `${label}: controller for ${perChanges}`, value: churned.controllerMs, unit: "ms CPU" },
      { name: `${label}: Redis for ${perChanges}`, value: churned.redisMs - alone.redisMs, unit: "ms CPU" },
      { name: `${label}: round trips for ${perChanges}`, value: churned.calls - alone.calls, unit: "" },
      { name: `${label}: empty ledger to all leases restored`, value: fillSeconds, unit: "s" },
      { name: `${label}: longest command`, value: await longestMs(asked), unit: "ms", note: "SLOWLOG, start included" },
    ];
  } finally {
    child.kill();
    await ledger.close();
    asked.disconnect();
    await redis.stop();
  }
}

async function ask(child: ChildProcess): Promise<{ cpuMs: number; restored: number }> {
  const answer = once(child, "message");
  child.send("used");
  const [message] = (await answer) as [{ cpuMs: number; restored: number }];
  return message;
}

async function filled(child: ChildProcess, leases: number): Promise<void> {
  for (;;) {
    const { restored } = await ask(child);
    if (restored >= leases) return;
    await sleep(100);
  }
}

async function redisUsed(redis: Redis): Promise<Pick<Used, "redisMs" | "calls">> {
  const [cpu, commands] = await Promise.all([redis.info("cpu"), redis.info("commandstats")]);
  const sum = (text: string, numbers: RegExp) =>
    [...text.matchAll(numbers)].reduce((total, [, number]) => total + Number(number), 0);
  return {
    calls: sum(commands, /^cmdstat_(?:evalsha|eval):calls=(\d+)/gm),
    redisMs: sum(cpu, /^used_cpu_(?:user|sys)_main_thread:(.*)$/gm) * 1000,
  };
}

async function during(used: () => Promise<Used>, work: () => Promise<unknown>): Promise<Used> {
  const before = await used();
  await work();
  const after = await used();
  return {
    redisMs: after.redisMs - before.redisMs,
    calls: after.calls - before.calls,
    controllerMs: after.controllerMs - before.controllerMs,
  };
}

/** Leases end and begin again, on one node after the other, at an even pace. */
async function churn(ledger: Ledger, size: number): Promise<void> {
  const startedAt = performance.now();
  for (let done = 0; done < changes; done += 2) {
    const node = (done / 2) % size;
    const podUid = podOf(node, Math.floor(done / 2 / size) % podsPerNode);
    const wish = {
      podUid,
      pod: `apps/${podUid}`,
      serviceAccount: "apps/default",
      node: nodeOf(node),
      pool: "partners",
    };
    await ledger.release(podUid, { mayWork: [] });
    await ledger.acquire(wish, { leaseMs, mayWork: [] });
    await sleep(Math.max(0, startedAt + (done / changesPerSecond) * 1000 - performance.now()));
  }
}

async function longestMs(redis: Redis): Promise<number> {
  const entries = (await redis.slowlog("GET", 128)) as [id: number, at: number, usec: number, ...rest: unknown[]][];
  return Math.max(0, ...entries.map(([, , usec]) => usec)) / 1000;
}
