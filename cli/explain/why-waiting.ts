import type { Ledger } from "../../shared/ledger/port.ts";
import { readPoolState, waitingLines, waitingOf, type PoolState, type Waiting } from "./waiting.ts";

export interface WaitingReport {
  readonly epoch: string;
  readonly nowMs: number;
  readonly waiting: readonly Waiting[];
  /** Of each pool that has exhausted its addresses, by name. */
  readonly pools: Readonly<Record<string, PoolState>>;
}

export interface WaitingFilter {
  readonly pool?: string;
  readonly namespace?: string;
}

/** Who waits, pool by pool in the order of the queues. Costs pools and waiters, and a look at the nodes that are named. */
export async function readWaiting(
  ledger: Pick<Ledger, "figures" | "look">,
  filter: WaitingFilter,
): Promise<WaitingReport> {
  const figures = await ledger.figures();
  const place = ({ position }: Waiting): number => position ?? Number.MAX_SAFE_INTEGER;
  const waiting = figures.waiters
    .filter(({ pool }) => filter.pool === undefined || filter.pool === pool)
    .filter(({ pod }) => filter.namespace === undefined || pod.startsWith(`${filter.namespace}/`))
    .map((waiter) => waitingOf(waiter, figures.nowMs))
    .toSorted((a, b) => a.pool.localeCompare(b.pool) || place(a) - place(b) || a.sinceMs - b.sinceMs);
  const asked = new Set(waiting.filter(needsAddress).map(({ pool }) => pool));
  const states = await Promise.all(
    [...asked].map(async (pool) => [pool, await readPoolState(ledger, figures, pool)] as const),
  );
  return { epoch: figures.epoch, nowMs: figures.nowMs, waiting, pools: Object.fromEntries(states) };
}

/** What it waits for is an address that others hold. */
export const needsAddress = ({ reason }: Pick<Waiting, "reason">): boolean =>
  reason === "exhausted" || reason === "quota";

export function waitingText({ waiting, pools, nowMs }: WaitingReport): string {
  if (waiting.length === 0) return "No pod waits.";
  return waiting.map((row) => waitingLines(row, pools[row.pool], nowMs).join("\n")).join("\n\n");
}
