import type { DoubtSign } from "../../shared/ledger/beat.ts";
import type { Snapshot } from "../../shared/ledger/port.ts";

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
  figures(figures: Figures): void;
}

/** The gauges of one moment. A pool's combination that is missing is to be shown as gone, not as it was. */
export interface Figures {
  readonly leases: readonly { pool: string; node: string; count: number }[];
  readonly addresses: readonly { pool: string; state: string; count: number }[];
  readonly waiting: readonly { pool: string; count: number; oldestMs: number }[];
}

/** Counts a snapshot. Every pool has a row in `waiting`, so that a gauge goes back to zero. */
export function figuresOf(snapshot: Snapshot): Figures {
  const leases = new Map<string, { pool: string; node: string; count: number }>();
  for (const { pool, node } of snapshot.leases) increment(leases, `${pool} ${node}`, { pool, node });
  const addresses = new Map<string, { pool: string; state: string; count: number }>();
  for (const { pool, state } of snapshot.addresses) increment(addresses, `${pool} ${state}`, { pool, state });
  const waiting = new Map<string, { pool: string; count: number; oldestMs: number }>();
  for (const { name } of snapshot.pools) waiting.set(name, { pool: name, count: 0, oldestMs: 0 });
  for (const { pool, sinceMs } of snapshot.waiters) {
    const row = increment(waiting, pool, { pool, oldestMs: 0 });
    row.oldestMs = Math.max(row.oldestMs, snapshot.nowMs - sinceMs);
  }
  return { leases: [...leases.values()], addresses: [...addresses.values()], waiting: [...waiting.values()] };
}

function increment<T extends { count: number }>(rows: Map<string, T>, key: string, fresh: Omit<T, "count">): T {
  const row = rows.get(key) ?? ({ ...fresh, count: 0 } as T);
  row.count += 1;
  rows.set(key, row);
  return row;
}
