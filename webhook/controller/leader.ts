import type { Logger } from "../../shared/log.ts";
import type { Cluster } from "./cluster/port.ts";
import { tryToLead, type Sighting } from "./election.ts";

export interface LeaderTimes {
  /** How long others wait after the last renewal they saw. */
  readonly lifeMs: number;
  /** Without a renewal for this long the leader stops working; shorter than lifeMs, so that two never work. */
  readonly renewWithinMs: number;
  readonly tryEveryMs: number;
}

/** client-go's defaults, as every controller of the cluster has them. */
export const leaderTimes: LeaderTimes = { lifeMs: 15_000, renewWithinMs: 10_000, tryEveryMs: 2_000 };

interface LeaderOptions {
  readonly cluster: Pick<Cluster, "readLeadership" | "writeLeadership">;
  /** Unlike every other replica's, and unlike this one's before a restart. */
  readonly identity: string;
  /** Runs while this replica leads; has to end soon after the signal aborts. */
  readonly term: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly clock: () => number;
  readonly changed?: (leading: boolean) => void;
  readonly times?: LeaderTimes;
}

/**
 * One active among the replicas. Ends the term when the leadership cannot be renewed in time; `stop` ends it and gives the
 * leadership up, so that the next one takes over at its next try. Fencing is not done here: the ledger refuses late actors.
 */
export function startLeader(options: LeaderOptions): { stop(): Promise<void> } {
  const { cluster, identity, log, clock, changed, times = leaderTimes } = options;
  const clocks = { monotonic: () => performance.now(), wall: clock };
  const self = { identity, lifeMs: times.lifeMs };
  const stopping = new AbortController();
  let sighting: Sighting | null = null;
  let term:
    | { readonly ended: AbortController; readonly done: Promise<void>; watchdog: NodeJS.Timeout | undefined }
    | undefined;

  function begin(): void {
    const ended = new AbortController();
    log.info({ identity }, "leading");
    changed?.(true);
    const done = options.term(ended.signal).catch((error: unknown) => {
      if (!ended.signal.aborted) log.error({ error }, "term failed");
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
    const answer = await tryToLead(cluster, sighting, self, clocks);
    sighting = answer.sighting;
    if (!answer.held) return end("another replica leads");
    if (stopping.signal.aborted) return;
    if (term === undefined) begin();
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
        log.warn({ error }, "leadership not read or written");
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
        .writeLeadership({ ...sighting.leadership, holder: "", renewedAtMs: clock() }, sighting.version)
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
