import type { labFacts } from "../e2e/support/lab.ts";

/** A time in which packets of a node's apps may come from the node's own address: its static one was taken, or it was cut off. */
interface Exposure {
  readonly node: string;
  readonly fromMs: number;
  toMs: number;
}

export interface TrafficCounts {
  readonly flows: number;
  /** From the node's own address while an exposure explains it. */
  readonly explained: number;
  /** What must not be: each as text. */
  readonly wrong: readonly string[];
}

export interface Traffic {
  /** A port of its own for an app of this pool. */
  open(pool: string): number;
  /** From now until the returned function is called. */
  expose(node: string): () => void;
  /** Judges what has arrived since the last look. */
  look(): Promise<void>;
  counts(): TrafficCounts;
}

/** An app that is on its way out when its node comes back may send for this long. */
const lastWordsMs = 15_000;

/** Every flow of every app, judged by the internet's record: it has to come from an address of the app's pool. */
export function watchTraffic(lab: ReturnType<typeof labFacts>): Traffic {
  const pools = new Map<number, string>();
  const exposures: Exposure[] = [];
  const wrong: string[] = [];
  const startedMs = Date.now();
  let nextPort = 40_000;
  let lookedMs = startedMs;
  let flows = 0;
  let explained = 0;

  return {
    open(pool) {
      nextPort += 1;
      pools.set(nextPort, pool);
      return nextPort;
    },
    expose(node) {
      const exposure: Exposure = { node, fromMs: Date.now(), toMs: Infinity };
      exposures.push(exposure);
      return () => {
        exposure.toMs = Date.now() + lastWordsMs;
      };
    },
    async look() {
      const sinceMs = lookedMs;
      const seen = await lab.allFlows(sinceMs);
      const untilMs = Math.max(sinceMs, ...seen.map(({ timeMs }) => timeMs + 1));
      const addresses = new Map<string, Set<string>>();
      for (const pool of new Set(pools.values())) addresses.set(pool, new Set((await lab.poolAddresses(pool)).keys()));
      const owners = await lab.ephemeralOwners(startedMs);
      for (const { timeMs, source, targetPort } of seen) {
        const pool = pools.get(targetPort);
        if (pool === undefined) continue;
        flows += 1;
        if (addresses.get(pool)?.has(source)) continue;
        const node = owners.get(source) ?? "?";
        const reason = exposures.find((at) => at.node === node && at.fromMs <= timeMs && timeMs <= at.toMs);
        if (reason !== undefined) explained += 1;
        else wrong.push(`${new Date(timeMs).toISOString()} port ${targetPort} (${pool}) from ${source} of ${node}`);
      }
      lookedMs = untilMs;
    },
    counts: () => ({ flows, explained, wrong }),
  };
}
