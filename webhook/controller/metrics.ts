import type { DoubtSign } from "../../shared/ledger/beat.ts";
import { isExhausted, type AddressState } from "../../shared/inspection/address-state.ts";
import type { LedgerFigures, PodNote } from "../../shared/ledger/records.ts";

/** What the controller counts; whoever exports metrics implements it. */
export interface ControllerMetrics {
  leading(leading: boolean): void;
  /** One look at what is due; `code` is "ok" or the error's code. */
  sweep(code: string, durationMs: number): void;
  inventoryRead(pool: string, code: string): void;
  /** How much of a kind an inventory put right; 0 is nothing. */
  repaired(kind: string, count: number): void;
  /** A lease ended on evidence, not by its sidecar. */
  leaseEnded(why: string): void;
  /** A lease has expired, and its pod runs on a Ready node: it is kept. Once for each time it expires. */
  renewalLate(pool: string, node: string): void;
  /** A command that the ledger did not do; the error's code. */
  ledgerFailed(code: string): void;
  /** What a beat found against the ledger. */
  ledgerDoubted(sign: DoubtSign): void;
  ledgerDoubtful(doubtful: boolean): void;
  /** The lease of a running pod that the ledger did not know any more was taken again for it. */
  leaseRestored(pool: string): void;
  /** Pods that ask for an address, run and were never injected, as many as there are now. */
  notInjected(count: number): void;
  /** A sidecar says so of its pod for the first time since it last could not. */
  unavailable(pool: string, why: PodNote["kind"]): void;
  /** Nodes on which the last attach was given up with this code, as many as there are now. */
  nodesRefused(code: string, count: number): void;
  /** Leases of a pool on one node now; 0: the gauge goes. */
  leasesOn(pool: string, node: string, count: number): void;
  /** One address of the pool more, or one less, that is on a node (or on its way) and in this state. */
  attachments(pool: string, state: AddressState, by: 1 | -1): void;
  figures(figures: Figures): void;
}

/** The gauges of one moment. A pool's combination that is missing is to be shown as gone, not as it was. */
export interface Figures {
  readonly addresses: readonly { pool: string; state: string; count: number }[];
  readonly waiting: readonly { pool: string; count: number; oldestMs: number }[];
  readonly exhausted: readonly { pool: string; exhausted: boolean }[];
}

/** Every pool has a row in `waiting`, so that a gauge goes back to zero. */
export function figuresOf({ nowMs, pools, waiters }: LedgerFigures): Figures {
  const waiting = new Map(pools.map(({ name }) => [name, { pool: name, count: 0, oldestMs: 0 }]));
  for (const { pool, sinceMs } of waiters) {
    const row = waiting.get(pool) ?? { pool, count: 0, oldestMs: 0 };
    waiting.set(pool, { pool, count: row.count + 1, oldestMs: Math.max(row.oldestMs, nowMs - sinceMs) });
  }
  const addresses = pools.flatMap(({ name, addresses: states }) =>
    Object.entries(states).map(([state, count]) => ({ pool: name, state, count })),
  );
  const exhausted = pools.map(({ name, addresses: { free } }) => ({
    pool: name,
    exhausted: isExhausted({ free, waiting: waiting.get(name)?.count ?? 0 }),
  }));
  return { addresses, waiting: [...waiting.values()], exhausted };
}
