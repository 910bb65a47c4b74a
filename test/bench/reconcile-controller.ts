import { pino } from "pino";
import type { Cloud } from "../../shared/clouds/port.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { createMemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import { startController } from "../../webhook/controller/controller.ts";
import { recordMetrics } from "../support/cluster/recorded-metrics.ts";
import { aPool } from "../support/cluster/snapshots.ts";
import { addressOf, leaseMs, nodeOf, podOf, podsPerNode } from "./reconcile-scene.ts";

// The process that reconcile.ts measures: the real controller over the Redis of its first argument, in a cluster in memory with
// as many nodes as its second says. Answers each message with the CPU time that it has used so far (ms), and what it knows.

const [url = "", count = "0"] = process.argv.slice(2);
const nodes = Number(count);
const cluster = createMemoryCluster();
const rows = Array.from({ length: nodes }, (_, index) => {
  const name = nodeOf(index);
  const { id, ip } = addressOf(index);
  cluster.setNode({ name, pool: "partners", address: ip });
  for (let number = 0; number < podsPerNode; number++) {
    const uid = podOf(index, number);
    cluster.setPod({
      uid,
      namespace: "apps",
      name: uid,
      node: name,
      pool: "partners",
      sidecar: "started",
      address: ip,
    });
  }
  return { id, ip, attachedTo: name };
});
const cloud: Pick<Cloud, "listAddresses"> = { listAddresses: async () => rows };
const metrics = recordMetrics();

startController({
  cluster,
  ownEvents: { set: () => undefined },
  ledger: connectLedger(url, { installation: "bench" }),
  clouds: { forPool: async () => cloud as Cloud },
  pools: { current: () => [aPool()], subscribe: () => () => undefined },
  work: () => Promise.reject(new Error("nothing is attached or detached here")),
  leaseMs,
  log: pino({ level: "silent" }),
  metrics,
  clock: Date.now,
  identity: "bench",
});

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, restored: metrics.restored, events: cluster.events().length });
});
process.on("disconnect", () => process.exit(0));
