import type { Clock } from "../../shared/clock.ts";
import { startLeader, type LeaderTimes } from "./leader.ts";
import { serveTerm, type TermOptions } from "./term.ts";
import { createTroubles } from "./troubles.ts";

export interface ControllerOptions extends Omit<TermOptions, "sweepMs" | "inventoryMs" | "tell" | "troubles"> {
  /** Unlike every other replica's, and unlike this one's before a restart: pod name and a random part. */
  readonly identity: string;
  /** For the Lease of the leadership alone; what is due goes by the ledger's clock. */
  readonly clock: Clock;
  /** How often everything due is looked at without a hint. Default 15 s. */
  readonly sweepMs?: number;
  /** How often a pool's inventory is read. Default 60 s. */
  readonly inventoryMs?: number;
  readonly leaderTimes?: LeaderTimes;
}

export interface Controller {
  /** Ends the work, and gives the leadership up so that another replica takes over at once. */
  stop(): Promise<void>;
  leading(): boolean;
  /** For people: whether this replica leads, and what its ledger is about. */
  state(): string;
}

/**
 * The controller (design, section 8): among all replicas one is active. Never throws: what fails is logged, counted and
 * tried again.
 */
export function startController(options: ControllerOptions): Controller {
  const { sweepMs = 15_000, inventoryMs = 60_000 } = options;
  const troubles = createTroubles(options.log, options.metrics);
  let leading = false;
  let state = "standing by";
  const leader = startLeader({
    cluster: options.cluster,
    identity: options.identity,
    log: options.log,
    troubles,
    clock: options.clock,
    term: (reign, signal) =>
      serveTerm({ ...options, troubles, sweepMs, inventoryMs, tell: (what) => void (state = what) }, reign, signal),
    changed(now) {
      leading = now;
      state = now ? "leading" : "standing by";
      options.metrics.leading(now);
    },
    ...(options.leaderTimes === undefined ? {} : { times: options.leaderTimes }),
  });
  return { stop: () => leader.stop(), leading: () => leading, state: () => state };
}
