import type { Cloud } from "../../shared/clouds/port.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import { startController } from "../../webhook/controller/controller.ts";
import { recordMetrics } from "../support/cluster/recorded-metrics.ts";
import { clusterFrom } from "./cluster.ts";
import type { Process } from "./engine.ts";
import type { World } from "./world.ts";

export interface Replica {
  process: Process;
  restarts: number;
}

const everywhere = { redis: () => true, cloud: () => true };

/** Starts the real controller as a process, with its own, later view of the file of pools. */
export function startReplica(world: World, index: number, restarts: number): Replica {
  const { engine, story } = world;
  const process = engine.spawn(`controller-${index}#${restarts}`);
  const log = story.logger(process.name);
  const ledger = world.ledgerFor(process, everywhere);
  const clouds = {
    aws: world.cloudFor(process, everywhere, "aws"),
    gcp: world.cloudFor(process, everywhere, "gcp"),
  };
  const cloudOf = ({ cloud }: Pool): Cloud => (cloud === "gcp" ? clouds.gcp : clouds.aws);
  const turns = createTurns(ledger);
  const lock = world.lockFor(process, everywhere);
  let pools: readonly Pool[] = world.pools;
  const subscribers = new Set<() => void>();
  world.poolWatchers.add(() =>
    engine.at(process.random.between(10, 10_000), process, () => {
      pools = world.pools;
      for (const tell of subscribers) tell();
    }),
  );
  engine.at(process.random.between(1, 500), process, () => {
    startController({
      cluster: clusterFrom(world.cluster, engine, process, world.api),
      ownEvents: { set: () => undefined },
      ledger,
      clouds: { forPool: async (pool) => cloudOf(pool) },
      pools: {
        current: () => pools,
        subscribe(changed) {
          subscribers.add(changed);
          return () => subscribers.delete(changed);
        },
      },
      work: (job, signal) => work(job, { ledger, turns, cloud: cloudOf(job.pool), lock, log }, signal),
      leaseMs: 60_000,
      log,
      metrics: recordMetrics(),
      clock: engine.clockOf(process),
      identity: process.name,
    });
  });
  return { process, restarts };
}
