import { pino } from "pino";
import { vi } from "vitest";
import { createMemoryCloud, type MemoryCloud } from "../../../shared/clouds/memory/cloud.ts";
import { createMemoryLedger, type MemoryLedger } from "../../../shared/ledger/memory/ledger.ts";
import { EgressError } from "../../../shared/errors.ts";
import type { Ledger } from "../../../shared/ledger/port.ts";
import { createTurns } from "../../../shared/leases/turn.ts";
import { work } from "../../../shared/leases/worker.ts";
import { createMemoryLock } from "../../../shared/lock/memory.ts";
import type { Pool } from "../../../shared/pools/schema.ts";
import { createMemoryCluster, type MemoryCluster } from "../../../webhook/controller/cluster/memory.ts";
import { startController, type Controller } from "../../../webhook/controller/controller.ts";
import { aPool } from "./snapshots.ts";
import { recordMetrics, type RecordedMetrics } from "./recorded-metrics.ts";

export interface Controlled {
  /** While true no command of a controller reaches the ledger. */
  ledgerAway: boolean;
  readonly cluster: MemoryCluster;
  readonly ledger: MemoryLedger;
  readonly cloud: MemoryCloud;
  readonly metrics: RecordedMetrics;
  readonly start: (identity: string) => Controller;
  readonly setPools: (pools: readonly Pool[]) => void;
  /** Lets simulated time pass, with everything that happens in it. */
  readonly pass: (ms: number) => Promise<void>;
  /** A pod's sidecar asks for its lease, without doing cloud work itself. */
  readonly acquire: (podUid: string, node: string) => ReturnType<Ledger["acquire"]>;
  readonly reasons: () => string[];
  /** Log records of level warn and above. */
  readonly warnings: string[];
  /** What is told on the webhook's own pod now: message by reason. */
  readonly own: ReadonlyMap<string, string>;
}

/** A controller over the in-memory ledger, cloud and cluster, on vitest's clock (`vi.useFakeTimers()` first). */
export function controlled(pools: readonly Pool[] = [aPool()]): Controlled {
  const cluster = createMemoryCluster();
  const ledger = createMemoryLedger();
  const cloud = createMemoryCloud();
  const warnings: string[] = [];
  const own = new Map<string, string>();
  const log = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
  const lock = createMemoryLock();
  const turns = createTurns(ledger);
  const metrics = recordMetrics();
  const subscribers = new Set<() => void>();
  let current = pools;
  const start = (identity: string): Controller =>
    startController({
      cluster,
      ownEvents: { set: (reason, message) => void (message === null ? own.delete(reason) : own.set(reason, message)) },
      ledger: reachable(ledger, () => !world.ledgerAway),
      clouds: { forPool: async () => cloud },
      pools: {
        current: () => current,
        subscribe(changed) {
          subscribers.add(changed);
          return () => subscribers.delete(changed);
        },
      },
      work: (job, signal) => work(job, { ledger, turns, cloud, lock, log }, signal),
      leaseMs: 60_000,
      log,
      metrics,
      clock: () => Date.now(),
      identity,
    });
  const world: Controlled = {
    ledgerAway: false,
    cluster,
    ledger,
    cloud,
    metrics,
    warnings,
    own,
    start,
    setPools(pools) {
      current = pools;
      for (const tell of subscribers) tell();
    },
    pass: async (ms) => {
      await vi.advanceTimersByTimeAsync(ms);
    },
    acquire(podUid, node) {
      const claim = { podUid, pod: `shop/${podUid}`, serviceAccount: "shop/default", node, pool: "partners" };
      return ledger.acquire(claim, { leaseMs: 60_000, mayWork: [] });
    },
    reasons: () => cluster.events().map(({ about, reason }) => `${about.name} ${reason}`),
  };
  return world;
}

/** The ledger through a network that may be away. */
function reachable(ledger: Ledger, reaches: () => boolean): Ledger {
  const away = () => Promise.reject(new EgressError("LEDGER_UNREACHABLE", "the network is away"));
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      if (name === "inTerm") return (term: number) => reachable(target.inTerm(term), reaches);
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => (reaches() ? method(...args) : away());
    },
  });
}
