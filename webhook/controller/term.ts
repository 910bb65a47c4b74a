import type { Cloud, Machine } from "../../shared/clouds/port.ts";
import { codeOf } from "../../shared/errors.ts";
import { beatEveryMs } from "../../shared/ledger/beat.ts";
import type { Job, Ledger, Settlement } from "../../shared/ledger/port.ts";
import { oldActorMs } from "../../shared/ledger/times.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import { createBeats, type Beats } from "./beats.ts";
import type { Cluster, ClusterNode, ClusterPod } from "./cluster/port.ts";
import { startDirectory } from "./directory.ts";
import { startInventory } from "./inventory.ts";
import { startJobs } from "./jobs.ts";
import type { Reign } from "./leader.ts";
import { figuresOf, type ControllerMetrics } from "./metrics.ts";
import { explainWaiters } from "./explain.ts";
import { createObserver, type Observer } from "./observer.ts";
import type { OwnEvents } from "./own-events.ts";
import { createPublisher } from "./publisher.ts";
import { createRestoration, type Restoration } from "./restore.ts";
import { createSilentMachines } from "./silent-machines.ts";
import { createSuspicions, type Suspicions } from "./suspicions.ts";
import type { Troubles } from "./troubles.ts";
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
  readonly troubles: Troubles;
  readonly metrics: ControllerMetrics;
  /** How long a lease lives that is restored for a running pod. */
  readonly leaseMs: number;
  readonly ownEvents: OwnEvents;
  /** Hears, for people, what there is to say of the ledger. */
  readonly tell: (state: string) => void;
  readonly sweepMs: number;
  readonly inventoryMs: number;
}

/** Hints come in bursts: one look at what is due, and at queues, in this time, and looking takes a tenth of the time at most. */
const dueGapMs = 100;
const figuresGapMs = 250;
/** What the cluster has is held against what it was told this often, beside its own changes. */
const againMs = 300_000;
/** The ledger is asked again soon: pods wait while it cannot be reached. */
const retryMs = (attempt: number): number => Math.min(5_000, 250 * 2 ** attempt) * (0.75 + Math.random() / 2);

/**
 * All that the controller does while this replica leads. Ends soon after `signal` aborts; jobs under way are aborted. Rejects
 * with LEDGER_SUPERSEDED when the ledger has heard of a later leader.
 */
export async function serveTerm(options: TermOptions, reign: Reign, ending: AbortSignal): Promise<void> {
  const { cluster, clouds, log, troubles, metrics, sweepMs, inventoryMs, leaseMs } = options;
  const superseded = new AbortController();
  const signal = AbortSignal.any([ending, superseded.signal]);
  // Late commands of this leader are refused; what a job has done is settled under its fence alone.
  const ledger = options.ledger.inTerm(reign.term);
  const pools = (): readonly Pool[] => options.pools.current();
  let suspicions: Suspicions | undefined;
  const ended = (pod: ClusterPod): void => suspicions?.pod(pod);
  let observer: Observer | undefined;
  const seePod = (pod: ClusterPod): void => {
    if (pod.ended) ended(pod);
    observer?.pod(pod);
  };
  const seen = (node: ClusterNode): void => observer?.node(node);
  const learned = (): void => observer?.again();

  const [directory, pods] = await Promise.all([
    startDirectory({ cluster, ledger, clouds, pools, log, troubles, seen, signal }),
    cluster.watchPods({ changed: seePod, removed: ended }, signal),
  ]);
  const { nodes } = directory;
  const beats = createBeats({ ledger, mirror: reign.mirror, noted: (mirror) => reign.noted(mirror), log, metrics });
  const machineOf = (name: string): Machine | undefined => directory.machine(name);
  const readSilent = createSilentMachines({ clouds, troubles, signal });
  const told = { log, troubles, metrics, signal };
  suspicions = createSuspicions({
    cluster,
    ledger,
    nodes,
    pods,
    pools,
    machineOf,
    readSilent,
    leaseMs,
    ...told,
  });
  const inventory = startInventory({
    ledger,
    clouds,
    pools,
    everyMs: inventoryMs,
    log,
    troubles,
    metrics,
    learned,
    signal,
  });
  const known = (pool: string): boolean => inventory.known(pool);
  const restoration = createRestoration({ ledger, nodes, pods, known, leaseMs, log, troubles, metrics, signal });
  const publisher = createPublisher({ cluster, troubles, signal });
  const uninjected = startUninjected({ cluster, pods, publisher, log, troubles, metrics, signal });
  const jobs = startJobs({
    ledger,
    work: options.work,
    done: () => lookSoon("due"),
    log,
    troubles,
    signal,
  });

  const waits = (): void => lookSoon("figures");
  const theirs = { nodes, pods, known, epoch: () => epoch };
  observer = createObserver({ ledger, ...theirs, publisher, waits, metrics, troubles, signal });

  /** The epoch that was filled; what a ledger of another one says is not acted upon. */
  let epoch: string | undefined;
  /** Until when the ledger was asked what changed, by its clock. */
  let askedMs = 0;
  let dueAgainMs = 0;
  let figuresAgainMs = 0;
  let unsubscribe: () => Promise<void> = () => Promise.resolve();

  async function beat(): Promise<number> {
    const found = await beats.beat(restoration.progress().left === 0 ? epoch : undefined);
    if (found.epoch !== epoch) looks.add("fill");
    else if (found.signs.length > 0) inventory.readAll(directory.idle());
    return beatEveryMs;
  }

  async function putPools(): Promise<undefined> {
    await ledger.putPools(pools());
    directory.refresh();
    inventory.readAll(directory.idle());
    restoration.again();
  }

  /** A ledger seen for the first time may lack everything, or hold rows of nodes that went while nobody looked. */
  async function fill(): Promise<undefined> {
    await ledger.putPools(pools());
    const found = await ledger.snapshot();
    // Lost again meanwhile: only a beat tells how.
    if (found.epoch !== beats.epoch()) {
      looks.add("beat");
      return;
    }
    log.info({ epoch: found.epoch, before: epoch }, "ledger filled");
    directory.rebuild(found.nodes);
    // What an emptied ledger grants new pods waits for a read that old actors cannot make untrue any more.
    inventory.readAll(directory.idle(), oldActorMs);
    observer?.begin(found);
    askedMs = found.nowMs;
    restoration.begin(new Set(found.leases.map(({ podUid }) => podUid)));
    epoch = found.epoch;
    looks.add("due");
    looks.add("figures");
  }

  async function lookAtDue(): Promise<number> {
    const startedMs = performance.now();
    const due = await ledger.due(askedMs);
    dueAgainMs = againAfter(startedMs, dueGapMs);
    if (due.epoch !== epoch) {
      looks.add("beat");
      return sweepMs;
    }
    // A clock that went back has changes under times that were asked for already: all is read.
    if (due.nowMs < askedMs) looks.add("fill");
    askedMs = due.nowMs;
    for (const machine of due.changed) observer?.changed(machine);
    for (const machine of due.machines) jobs.look(machine);
    suspicions?.expired(due.expired, due.nowMs);
    const doubt = beats.doubt(due.nowMs);
    metrics.ledgerDoubtful(doubt !== undefined);
    options.ownEvents.set("EgressLedgerDoubtful", doubt === undefined ? null : sentence(doubt));
    options.tell(describe(doubt, restoration.progress()));
    metrics.sweep("ok", performance.now() - startedMs);
    const nextMs = due.nextMs === null ? 0 : due.nextMs - due.nowMs;
    return nextMs > 0 ? Math.min(nextMs, sweepMs) : sweepMs;
  }

  async function lookAtFigures(): Promise<number> {
    const startedMs = performance.now();
    const figures = await ledger.figures();
    figuresAgainMs = againAfter(startedMs, figuresGapMs);
    if (figures.epoch !== epoch) return sweepMs;
    publisher.publish(explainWaiters(figures));
    metrics.figures(figuresOf(figures));
    return sweepMs;
  }

  async function observeAgain(): Promise<number> {
    observer?.again();
    return againMs;
  }

  const lookSoon = (kind: "due" | "figures"): void =>
    looks.add(kind, (kind === "due" ? dueAgainMs : figuresAgainMs) - performance.now());

  async function listen(): Promise<undefined> {
    unsubscribe = await ledger.onChange((machine, due) => {
      if (due) jobs.look(machine);
      lookSoon("due");
      if (machine === "") lookSoon("figures");
    });
  }

  const kinds: Record<string, () => Promise<number | undefined>> = {
    beat,
    fill,
    due: lookAtDue,
    figures: lookAtFigures,
    again: observeAgain,
    pools: putPools,
    hints: listen,
  };
  const looks = createWorkQueue({
    concurrency: 6,
    run: (kind) => kinds[kind]?.() ?? Promise.resolve(undefined),
    failed(kind, error, attempt) {
      if (codeOf(error) === "LEDGER_SUPERSEDED") return superseded.abort(error);
      if (kind === "due") metrics.sweep(codeOf(error) ?? "error", 0);
      troubles.tell({ error, kind, attempt }, "ledger not looked at");
    },
    retryMs,
    signal,
  });

  const forgetPools = options.pools.subscribe(() => looks.add("pools"));
  // Everything else comes after the first beat: it tells whether the ledger can be believed, and refuses older leaders.
  for (const kind of ["hints", "beat"]) looks.add(kind);
  looks.add("again", againMs);
  await aborted(signal);
  forgetPools();
  await Promise.all(
    [looks, jobs, directory, inventory, publisher, suspicions, uninjected, restoration, observer].map((part) =>
      part.idle(),
    ),
  );
  // Another replica's figures are the true ones from now on.
  observer.end();
  metrics.figures({ addresses: [], waiting: [], exhausted: [] });
  metrics.notInjected(0);
  metrics.ledgerDoubtful(false);
  options.ownEvents.set("EgressLedgerDoubtful", null);
  await unsubscribe().catch((error: unknown) => log.debug({ error }, "hints not ended"));
  if (superseded.signal.aborted && !ending.aborted) throw superseded.signal.reason;
}

type Doubt = NonNullable<ReturnType<Beats["doubt"]>>;

function sentence({ signs, untilMs }: Doubt): string {
  const why = signs.join(", ") || "found by an earlier leader";
  return `The ledger is doubtful (${why}): nothing is detached before ${new Date(untilMs).toISOString()}.`;
}

function describe(doubt: Doubt | undefined, { wanted, left }: ReturnType<Restoration["progress"]>): string {
  const restored = left === 0 ? [] : [`${wanted - left} of ${wanted} leases restored`];
  return ["leading", ...(doubt === undefined ? [] : [sentence(doubt)]), ...restored].join("; ");
}

/** When a look that began then may be made again. */
function againAfter(startedMs: number, gapMs: number): number {
  const nowMs = performance.now();
  return nowMs + Math.max(gapMs, 10 * (nowMs - startedMs));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
