import type { Clock } from "../../shared/clock.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { countsDiffer, recordsOf, snapshotOf, takeIn, type MirrorRecords } from "./records.ts";

/** What of the inspection has changed. */
export type Changed = "pools" | "nodes" | "leases" | "waiting";

export interface Mirror {
  /** The ledger as it was at most some two seconds ago; the same object until something has changed. Rejects as the ledger does. */
  read(): Promise<Snapshot>;
  /** Calls back at most once a second. While anybody listens, the mirror is kept. The returned function ends it. */
  onChange(listener: (changed: readonly Changed[]) => void): () => void;
  close(): Promise<void>;
}

const usualPace = {
  /** Changes are taken in together. */
  everyMs: 1000,
  /** What no hint tells: pods that stopped waiting, addresses that came to a pool. */
  figuresMs: 10_000,
  /** After the last read, with nobody listening, all is forgotten. */
  idleMs: 60_000,
  /** Hints can be lost. */
  fullMs: 300_000,
  /** No two full reads are closer, whatever is found; nor do they take more than a fiftieth of the time. */
  betweenFullMs: 15_000,
};
const fullShare = 50;

/** Machines that are looked at together: more wait for the next turn. */
const mostLooks = 500;

/**
 * A copy of the ledger for those who look on. There is none until somebody does: the first read costs a `snapshot`; from then
 * on changed machines are looked at, and pools and waiters counted, at most once a second; a minute after the last look it is gone.
 */
export function createMirror(options: {
  readonly ledger: Pick<Ledger, "snapshot" | "look" | "figures" | "onChange">;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  readonly pace?: Partial<typeof usualPace>;
}): Mirror {
  const { ledger, clock, onError } = options;
  const pace = { ...usualPace, ...options.pace };
  const listeners = new Set<(changed: readonly Changed[]) => void>();
  let open: Promise<Session> | undefined;
  let lastReadMs = 0;

  interface Session {
    current(): Snapshot;
    close(): Promise<void>;
  }

  async function begin(): Promise<Session> {
    const dirty = new Set<string>();
    let stale = false;
    const unsubscribe = await ledger.onChange((machine) => {
      if (machine === "") stale = true;
      else dirty.add(machine);
    });
    const beganAt = performance.now();
    const first = await ledger.snapshot().catch(async (error: unknown) => {
      await unsubscribe();
      throw error;
    });
    let fullTookMs = performance.now() - beganAt;
    let records: MirrorRecords = recordsOf(first);
    let snapshot = first;
    let readAtMs = { full: clock(), figures: clock() };
    let differed = false;
    let failure: { readonly error: unknown } | undefined;
    let timer: NodeJS.Timeout | undefined;
    let closed = false;

    const tell = (changed: readonly Changed[]) => {
      for (const listener of listeners) listener(changed);
    };

    async function readAll(): Promise<readonly Changed[]> {
      dirty.clear();
      stale = false;
      differed = false;
      const beganAt = performance.now();
      snapshot = await ledger.snapshot();
      fullTookMs = performance.now() - beganAt;
      records = recordsOf(snapshot);
      readAtMs = { full: clock(), figures: clock() };
      return all;
    }

    async function readChanged(): Promise<Changed[]> {
      const machines = [...dirty].slice(0, mostLooks);
      for (const machine of machines) dirty.delete(machine);
      const looks = await Promise.all(machines.map((machine) => ledger.look(machine)));
      for (const [index, machine] of machines.entries()) {
        const look = looks[index];
        if (look !== undefined) takeIn(records, machine, look);
      }
      const figures = await ledger.figures();
      readAtMs.figures = clock();
      const waits =
        JSON.stringify(figures.waiters.map(withoutTime)) !== JSON.stringify(records.waiters.map(withoutTime));
      records.waiters = figures.waiters;
      const changed: Changed[] = machines.length > 0 ? ["pools", "nodes", "leases"] : [];
      if (waits) changed.push("waiting", ...(machines.length > 0 ? [] : (["pools"] as const)));
      const next = snapshotOf(records, figures.epoch, figures.nowMs);
      if (changed.length > 0) snapshot = next;
      // Looks and figures are not of one moment: twice in a row is no chance.
      const differs = dirty.size === 0 && countsDiffer(next.addresses, figures.pools);
      stale ||= differs && differed;
      differed = differs;
      return changed;
    }

    async function turn(): Promise<void> {
      const now = clock();
      if (listeners.size === 0 && now - lastReadMs >= pace.idleMs) {
        await session.close();
        return;
      }
      const sinceFullMs = now - readAtMs.full;
      let changed: readonly Changed[] = [];
      if (
        failure !== undefined ||
        (stale && sinceFullMs >= Math.max(pace.betweenFullMs, fullShare * fullTookMs)) ||
        sinceFullMs >= pace.fullMs
      )
        changed = await readAll();
      else if (dirty.size > 0 || differed || now - readAtMs.figures >= pace.figuresMs) changed = await readChanged();
      failure = undefined;
      if (changed.length > 0) tell(changed);
    }

    /** What is known gets old: whoever asks is told so, and all is read again. */
    function failed(error: unknown): void {
      onError(error);
      if (failure === undefined) tell(all);
      failure = { error };
    }

    function later(): void {
      if (closed) return;
      timer = setTimeout(() => {
        void turn().catch(failed).finally(later);
      }, pace.everyMs);
      timer.unref();
    }

    const session: Session = {
      current() {
        if (failure !== undefined) throw failure.error;
        return snapshot;
      },
      async close() {
        if (closed) return;
        closed = true;
        clearTimeout(timer);
        open = undefined;
        await unsubscribe();
      },
    };
    later();
    return session;
  }

  function ensure(): Promise<Session> {
    if (open !== undefined) return open;
    const opening = begin();
    open = opening;
    opening.catch(() => {
      open = undefined;
    });
    return opening;
  }

  return {
    async read() {
      lastReadMs = clock();
      return (await ensure()).current();
    },
    onChange(listener) {
      listeners.add(listener);
      ensure().catch(onError);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      const session = await open?.catch(() => undefined);
      await session?.close();
    },
  };
}

const all: readonly Changed[] = ["pools", "nodes", "leases", "waiting"];

const withoutTime = ({ seenMs: _seenMs, ...waiter }: Snapshot["waiters"][number]) => waiter;
