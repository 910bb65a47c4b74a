import { codeOf } from "../../shared/errors.ts";
import type { Mirror } from "../../shared/ledger/beat.ts";
import type { Logger } from "../../shared/log.ts";
import type { Cluster, Leadership } from "./cluster/port.ts";
import { tryToLead, type Sighting } from "./election.ts";
import type { Troubles } from "./troubles.ts";

export interface LeaderTimes {
  /** How long others wait after the last renewal they saw. */
  readonly lifeMs: number;
  /** Without a renewal for this long the leader stops working; shorter than lifeMs, so that two never work. */
  readonly renewWithinMs: number;
  readonly tryEveryMs: number;
}

/** client-go's defaults, as every controller of the cluster has them. */
export const leaderTimes: LeaderTimes = { lifeMs: 15_000, renewWithinMs: 10_000, tryEveryMs: 2_000 };

/** One reign of this replica. */
export interface Reign {
  /** Higher than that of every leader before: the ledger refuses commands of lower ones. */
  readonly term: number;
  /** What the last beat answered that was written with the leadership; null when there is none. */
  readonly mirror: Mirror | null;
  /** Writes this with the next renewals. */
  noted(mirror: Mirror): void;
}

interface LeaderOptions {
  readonly cluster: Pick<Cluster, "readLeadership" | "writeLeadership">;
  /** Unlike every other replica's, and unlike this one's before a restart. */
  readonly identity: string;
  /** Runs while this replica leads; has to end soon after the signal aborts. Rejects when it cannot go on. */
  readonly term: (reign: Reign, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly clock: () => number;
  readonly changed?: (leading: boolean) => void;
  readonly times?: LeaderTimes;
}

/**
 * One active among the replicas. Ends the term when the leadership cannot be renewed in time; `stop` ends it and gives the
 * leadership up, so that the next one takes over at its next try. Fencing is not done here: the ledger refuses late leaders
 * by their term.
 */
export function startLeader(options: LeaderOptions): { stop(): Promise<void> } {
  const { cluster, identity, log, troubles, clock, changed, times = leaderTimes } = options;
  const clocks = { monotonic: () => performance.now(), wall: clock };
  const stopping = new AbortController();
  let sighting: Sighting | null = null;
  let mirror: Mirror | null = null;
  let superseded = false;
  let term:
    | { readonly ended: AbortController; readonly done: Promise<void>; watchdog: NodeJS.Timeout | undefined }
    | undefined;

  function begin({ transitions, mirror: written }: Leadership): void {
    const ended = new AbortController();
    mirror = written;
    log.info({ identity, term: transitions }, "leading");
    changed?.(true);
    const reign = { term: transitions, mirror: written, noted: (latest: Mirror) => void (mirror = latest) };
    const done = options.term(reign, ended.signal).catch((error: unknown) => {
      if (ended.signal.aborted) return;
      superseded = codeOf(error) === "LEDGER_SUPERSEDED";
      log.error({ error }, "term failed");
    });
    term = { ended, done, watchdog: undefined };
    // A term that ends by itself has failed; the next renewal begins another one.
    void done.then(() => (ended.signal.aborted ? undefined : end("failed")));
  }

  async function end(why: string): Promise<void> {
    if (term === undefined || term.ended.signal.aborted) return;
    log[why === "stopping" ? "info" : "warn"]({ identity, why }, "no longer leading");
    clearTimeout(term.watchdog);
    term.ended.abort();
    changed?.(false);
    await term.done;
    term = undefined;
  }

  async function attempt(): Promise<void> {
    const startedMs = performance.now();
    // What was noted in a reign that is over may be older than what is written.
    const latest = term === undefined ? null : mirror;
    const self = { identity, lifeMs: times.lifeMs, mirror: latest, superseded };
    const answer = await tryToLead(cluster, sighting, self, clocks);
    sighting = answer.sighting;
    superseded &&= !answer.held;
    if (!answer.held || sighting === null) return end("another replica leads");
    if (stopping.signal.aborted) return;
    if (term === undefined) begin(sighting.leadership);
    if (term === undefined) return;
    clearTimeout(term.watchdog);
    const leftMs = times.renewWithinMs - (performance.now() - startedMs);
    term.watchdog = setTimeout(() => void end("not renewed in time"), Math.max(0, leftMs));
  }

  async function campaign(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await attempt();
      } catch (error) {
        troubles.tell({ error }, "leadership not read or written");
      }
      await pause(times.tryEveryMs * (0.8 + Math.random() * 0.4), stopping.signal);
    }
  }

  const campaigning = campaign();
  return {
    async stop() {
      stopping.abort();
      await campaigning;
      await end("stopping");
      if (sighting?.leadership.holder !== identity) return;
      await cluster
        .writeLeadership({ ...sighting.leadership, holder: "", renewedAtMs: clock(), mirror }, sighting.version)
        .catch((error: unknown) => log.warn({ error }, "leadership not given up"));
    },
  };
}

/** Waits, or less when the signal aborts. Never rejects. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
