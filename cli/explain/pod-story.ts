import { codeOf } from "../../shared/errors.ts";
import { addressState, type AddressState } from "../../shared/inspection/address-state.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { historyLength, type HistoryEntry, type LedgerFigures, type PodLease } from "../../shared/ledger/records.ts";
import { readPoolState, waitingOf, type PoolState, type Waiting } from "./waiting.ts";
import { needsAddress } from "./why-waiting.ts";

/** A lease that a pod holds, and what it holds it on. */
export interface Holding {
  readonly state: "held" | "draining";
  readonly pool: string;
  readonly node: string;
  readonly sinceMs: number;
  readonly expiresAtMs: number;
  /** Confirmed on its node; null while it is on its way. */
  readonly address: string | null;
  readonly addressState: AddressState;
  readonly attachedSinceMs: number | null;
  /** Other pods of the node with a lease on the same address. */
  readonly sharedWith: readonly string[];
  /** Why nothing is attached to its node now. */
  readonly problem: string | null;
  readonly note: string | null;
}

/** What the ledger knows of one pod: its lease, or its wait, or (both null) nothing. */
export interface LedgerStory {
  readonly epoch: string;
  readonly nowMs: number;
  readonly podUid: string | null;
  readonly holding: Holding | null;
  readonly waiting: Waiting | null;
  /** Of the pool that it waits for. */
  readonly pool: PoolState | null;
  /**
   * What befell it and, since its first lease, the address of its node: oldest first, as far back as the ledger remembers. Null: this Redis user may
   * not read it.
   */
  readonly history: readonly HistoryEntry[] | null;
}

/**
 * Reads what there is of a pod (`namespace/name`). With its UID it costs that pod and its node; without, a pod that does not
 * wait is looked for among all leases.
 */
export async function readStory(
  ledger: Pick<Ledger, "figures" | "lease" | "look" | "snapshot" | "history">,
  pod: string,
  knownUid: string | undefined,
): Promise<LedgerStory> {
  const [figures, entries] = await Promise.all([ledger.figures(), readHistory(ledger)]);
  const podUid =
    knownUid ??
    figures.waiters.find((waiter) => waiter.pod === pod)?.podUid ??
    (await uidByName(ledger, pod)) ??
    entries?.findLast((entry) => entry.pod === pod)?.podUid;
  const { epoch, nowMs } = figures;
  const nothing = { epoch, nowMs, podUid: null, holding: null, waiting: null, pool: null, history: [] };
  if (podUid === undefined) return nothing;
  const found = await ledger.lease(podUid);
  const waiting = found.waiter === undefined ? null : waitingOf(placed(found, figures), figures.nowMs);
  return {
    ...nothing,
    podUid,
    holding: await readHolding(ledger, found),
    waiting,
    pool: waiting !== null && needsAddress(waiting) ? await readPoolState(ledger, figures, waiting.pool) : null,
    history: entries === null ? null : historyOf(podUid, entries),
  };
}

/** Users of Redis that are older than the history lack its command, and may read all else. */
async function readHistory(ledger: Pick<Ledger, "history">): Promise<HistoryEntry[] | null> {
  try {
    return await ledger.history("", historyLength);
  } catch (error) {
    if (codeOf(error) === "LEDGER_DENIED") return null;
    throw error;
  }
}

/** The pod's own entries, and what was done with its nodes' addresses from its first one on. Pure. */
export function historyOf(podUid: string, entries: readonly HistoryEntry[]): HistoryEntry[] {
  const own = entries.filter((entry) => entry.podUid === podUid);
  const machines = new Set(own.map(({ machine }) => machine));
  const from = own[0] === undefined ? entries.length : entries.indexOf(own[0]);
  return entries.filter(
    (entry, index) =>
      entry.podUid === podUid || (index >= from && entry.podUid === undefined && machines.has(entry.machine)),
  );
}

/** Figures know the place in the queue of all. */
function placed({ waiter }: PodLease, { waiters }: LedgerFigures): NonNullable<PodLease["waiter"]> {
  if (waiter === undefined) throw new Error("asked for the place of a pod that does not wait");
  return waiters.find(({ podUid }) => podUid === waiter.podUid) ?? waiter;
}

/** Of several (a StatefulSet's pod and the one before it), the youngest. */
async function uidByName(ledger: Pick<Ledger, "snapshot">, pod: string): Promise<string | undefined> {
  const { leases } = await ledger.snapshot();
  return leases.filter((lease) => lease.pod === pod).toSorted((a, b) => b.sinceMs - a.sinceMs)[0]?.podUid;
}

async function readHolding(ledger: Pick<Ledger, "look">, { lease, ip }: PodLease): Promise<Holding | null> {
  if (lease === undefined) return null;
  const { attachments, leases, problems, nowMs } = await ledger.look(lease.machine);
  const attachment = attachments[0];
  const problem = problems.find(({ untilMs }) => untilMs > nowMs);
  return {
    state: lease.state,
    pool: lease.pool,
    node: lease.node,
    sinceMs: lease.sinceMs,
    expiresAtMs: lease.expiresAtMs,
    address: ip,
    addressState: addressState(attachment, leases),
    attachedSinceMs: attachment?.sinceMs ?? null,
    sharedWith: leases.filter(({ podUid }) => podUid !== lease.podUid).map(({ pod }) => pod),
    problem: problem === undefined ? null : `${problem.code}: ${problem.message}`,
    note: lease.note?.detail ?? null,
  };
}
