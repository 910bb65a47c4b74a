import type { Clock } from "../../shared/clock.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import { codeOf } from "../../shared/errors.ts";
import type { Job, Ledger, Settlement, Snapshot } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { Cluster, ClusterPod } from "./cluster/port.ts";
import { startDirectory } from "./directory.ts";
import { startInventory } from "./inventory.ts";
import { startJobs } from "./jobs.ts";
import { figuresOf, type ControllerMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";
import { createPublisher } from "./publisher.ts";
import { createSuspicions, type Suspicions } from "./suspicions.ts";
import { startUninjected } from "./uninjected.ts";
import { createWorkQueue } from "./work-queue.ts";

export interface TermOptions {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly clouds: { forPool(pool: Pool): Promise<Cloud> };
  /** `subscribe` calls back after every change; the returned function ends it. */
  readonly pools: { current(): readonly Pool[]; subscribe(changed: () => void): () => void };
  /** Does a job under its node's lock, and settles it in the ledger. */
  readonly work: (job: Job, signal: AbortSignal) => Promise<Settlement>;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly sweepMs: number;
  readonly inventoryMs: number;
}

/** Snapshots cost what exists: at most one in this time, and none in more than a tenth of the time. */
const snapshotGapMs = 250;
/** Hints come in bursts: one look at what is due for each burst. */
const hintGapMs = 100;
/** The ledger is asked again soon: pods wait while it cannot be reached. */
const retryMs = (attempt: number): number => Math.min(5_000, 250 * 2 ** attempt) * (0.75 + Math.random() / 2);

/** All that the controller does while this replica leads. Ends soon after `signal` aborts; jobs under way are aborted. */
export async function serveTerm(options: TermOptions, signal: AbortSignal): Promise<void> {
  const { cluster, ledger, clouds, log, metrics, clock, sweepMs, inventoryMs } = options;
  const pools = (): readonly Pool[] => options.pools.current();
  let suspicions: Suspicions | undefined;
  const ended = (pod: ClusterPod): void => suspicions?.pod(pod);
  const seePod = (pod: ClusterPod): void => (pod.ended ? ended(pod) : undefined);

  const [directory, pods] = await Promise.all([
    startDirectory({ cluster, ledger, clouds, pools, log, signal }),
    cluster.watchPods({ changed: seePod, removed: ended }, signal),
  ]);
  const { nodes } = directory;
  suspicions = createSuspicions({ cluster, ledger, nodes, pods, pools, clock, log, metrics, signal });
  const inventory = startInventory({ ledger, clouds, pools, everyMs: inventoryMs, log, metrics, signal });
  const publisher = createPublisher({ cluster, log, signal });
  const uninjected = startUninjected({ cluster, pods, publisher, log, metrics, signal });
  const jobs = startJobs({ ledger, work: options.work, done: () => looks.add("due", hintGapMs), log, signal });

  let epoch: string | undefined;
  let previous: Snapshot | null = null;
  let snapshotAgainMs = 0;
  let unsubscribe: () => Promise<void> = () => Promise.resolve();

  async function putPools(): Promise<undefined> {
    await ledger.putPools(pools());
    directory.refresh();
    inventory.readAll(directory.idle());
  }

  /** A ledger seen for the first time may lack everything, or hold rows of nodes that went while nobody looked. */
  async function fill(): Promise<void> {
    await ledger.putPools(pools());
    const found = await ledger.snapshot();
    log.info({ epoch: found.epoch, before: epoch }, "ledger filled");
    directory.rebuild(found.nodes);
    inventory.readAll(directory.idle());
    epoch = found.epoch;
  }

  async function lookAtDue(): Promise<number> {
    const startedMs = performance.now();
    const due = await ledger.due();
    if (due.epoch !== epoch) await fill();
    for (const machine of due.machines) jobs.look(machine);
    suspicions?.expired(due.expired);
    metrics.sweep("ok", performance.now() - startedMs);
    const nextMs = due.nextMs === null ? 0 : due.nextMs - due.nowMs;
    return nextMs > 0 ? Math.min(nextMs, sweepMs) : sweepMs;
  }

  async function lookAtAll(): Promise<number> {
    const startedMs = performance.now();
    const snapshot = await ledger.snapshot();
    publisher.publish(observe(previous, snapshot, { nodes, pods, known: (pool) => inventory.known(pool) }));
    metrics.figures(figuresOf(snapshot));
    previous = snapshot;
    snapshotAgainMs = performance.now() + 10 * (performance.now() - startedMs);
    return sweepMs;
  }

  async function listen(): Promise<undefined> {
    unsubscribe = await ledger.onChange((machine) => {
      if (machine !== "") jobs.look(machine);
      looks.add("due", hintGapMs);
      looks.add("all", Math.max(snapshotGapMs, snapshotAgainMs - performance.now()));
    });
  }

  const kinds: Record<string, () => Promise<number | undefined>> = {
    due: lookAtDue,
    all: lookAtAll,
    pools: putPools,
    hints: listen,
  };
  const looks = createWorkQueue({
    concurrency: 4,
    run: (kind) => kinds[kind]?.() ?? Promise.resolve(undefined),
    failed(kind, error, attempt) {
      if (kind === "due") metrics.sweep(codeOf(error) ?? "error", 0);
      log.warn({ kind, error, attempt }, "ledger not looked at");
    },
    retryMs,
    signal,
  });

  const forgetPools = options.pools.subscribe(() => looks.add("pools"));
  for (const kind of ["hints", "due"]) looks.add(kind);
  looks.add("all", snapshotGapMs);
  await aborted(signal);
  forgetPools();
  await Promise.all([looks, jobs, directory, inventory, publisher, suspicions, uninjected].map((part) => part.idle()));
  // Another replica's figures are the true ones from now on.
  metrics.figures({ leases: [], addresses: [], waiting: [] });
  metrics.notInjected(0);
  await unsubscribe().catch((error: unknown) => log.debug({ error }, "hints not ended"));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
