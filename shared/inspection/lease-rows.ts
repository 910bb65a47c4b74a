import type { Snapshot, WaitReason } from "../ledger/records.ts";

/** A pod that holds a lease, or waits for one. */
export interface LeaseRow {
  readonly pod: string;
  readonly podUid: string;
  readonly pool: string;
  readonly node: string;
  /** Null while it waits, or while the address is not attached yet. */
  readonly address: string | null;
  readonly state: "held" | "draining" | "waiting";
  /** Since when it holds or waits (Unix ms of the ledger's clock). */
  readonly sinceMs: number;
  /** For a lease: when it ends unless renewed. Past: not renewed in time, and kept until there is evidence. */
  readonly expiresAtMs: number | null;
  /** In the pool's queue; 1 is next. Null when what it waits for is not a free address. */
  readonly position: number | null;
  readonly reason: WaitReason | null;
  readonly detail: string | null;
}

export interface LeaseFilter {
  readonly pool?: string;
  readonly node?: string;
  readonly namespace?: string;
}

/** Leases first, oldest first, then who waits in the order of the queue. All of the filters have to fit. */
export function leaseRows(snapshot: Snapshot, filter: LeaseFilter = {}): LeaseRow[] {
  const attached = new Map(
    snapshot.attachments
      .filter(({ state }) => state !== "attaching")
      .map(({ machine, address }) => [machine.id, address.ip]),
  );
  const held = snapshot.leases.map((lease): LeaseRow => {
    const { pod, podUid, pool, node, state, sinceMs, expiresAtMs, machine } = lease;
    const address = attached.get(machine) ?? null;
    const waits = { position: null, reason: null, detail: null };
    return { pod, podUid, pool, node, address, state, sinceMs, expiresAtMs, ...waits };
  });
  const waiting = snapshot.waiters.map((waiter): LeaseRow => {
    const { pod, podUid, pool, node, sinceMs, reason, detail } = waiter;
    const position = waiter.position === 0 ? null : waiter.position;
    const none = { address: null, state: "waiting", expiresAtMs: null } as const;
    return { pod, podUid, pool, node, sinceMs, reason, detail, position, ...none };
  });
  const place = (row: LeaseRow): number => row.position ?? Number.MAX_SAFE_INTEGER;
  return [
    ...held.toSorted((a, b) => a.sinceMs - b.sinceMs || a.pod.localeCompare(b.pod)),
    ...waiting.toSorted((a, b) => a.pool.localeCompare(b.pool) || place(a) - place(b) || a.sinceMs - b.sinceMs),
  ].filter(
    ({ pod, pool, node }) =>
      (filter.pool === undefined || pool === filter.pool) &&
      (filter.node === undefined || node === filter.node) &&
      (filter.namespace === undefined || pod.startsWith(`${filter.namespace}/`)),
  );
}
