import { setTimeout as pause } from "node:timers/promises";
import { type Line, lineOf } from "../clouds/limits.ts";
import { codeOf } from "../errors.ts";
import type { Job, Ledger, Settlement } from "../ledger/port.ts";

/** The turns of one process, in the lines of all who work on the clouds' accounts. */
export interface Turns {
  /** Answers null when the turn has come, or how far off it is (ms): then no place was taken. Throws when the signal aborts. */
  take(line: Line, signal: AbortSignal): Promise<number | null>;
}

/** Tells one who waits. */
type Waiter = (offMs: number | null | Promise<never>) => void;

/**
 * Who waits in this process for the same account has its turn together with the others: what they read then is one question. Only
 * the next of these turns has places in the ledger's line, so that few are lost with the process.
 */
export function createTurns(ledger: Pick<Ledger, "pace">): Turns {
  const lines = new Map<string, Set<Waiter>>();

  async function serve({ bucket, limits }: Line, waiting: Set<Waiter>): Promise<void> {
    while (waiting.size > 0) {
      const { places, waitMs } = await ledger.pace(bucket, limits, waiting.size);
      if (places > 0) await pause(waitMs);
      for (const waiter of [...waiting].slice(0, places > 0 ? places : undefined)) {
        waiting.delete(waiter);
        waiter(places > 0 ? null : waitMs);
      }
    }
    lines.delete(bucket);
  }

  async function begin(line: Line, waiting: Set<Waiter>): Promise<void> {
    try {
      await serve(line, waiting);
    } catch (error) {
      lines.delete(line.bucket);
      for (const waiter of waiting) waiter(Promise.reject(error));
    }
  }

  return {
    async take(line, signal) {
      signal.throwIfAborted();
      const known = lines.get(line.bucket);
      const waiting = known ?? new Set();
      const turn = new Promise<number | null>((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(waiter);
          reject(signal.reason as Error);
        };
        const waiter: Waiter = (offMs) => {
          signal.removeEventListener("abort", stop);
          resolve(offMs);
        };
        signal.addEventListener("abort", stop, { once: true });
        waiting.add(waiter);
      });
      if (known === undefined) {
        lines.set(line.bucket, waiting);
        void begin(line, waiting);
      }
      return turn;
    },
  };
}

/**
 * Waits for the job's turn in the line of all who work on that cloud account. Answers null when it has come, or how to settle
 * a job whose turn is too far off: nothing has been done then. Throws when the signal aborts.
 */
export async function takeTurn(
  { pool }: Job,
  turns: Turns,
  waited: (ms: number) => void,
  signal: AbortSignal,
): Promise<Settlement | null> {
  const line = lineOf(pool);
  if (line === null) return null;
  const startedAt = performance.now();
  const offMs = await turns.take(line, signal);
  if (offMs === null) {
    waited(Math.round(performance.now() - startedAt));
    return null;
  }
  // Spread over as long again: those who are sent away together come back one by one.
  const retryAfterMs = Math.round(offMs * (1 + Math.random()));
  waited(retryAfterMs);
  const message = `too much work for ${line.bucket} at once: ${line.limits.perSecond} pieces a second are begun`;
  return { outcome: "retry", code: "CLOUD_THROTTLED", message, retryAfterMs };
}

/** After a throttled answer all who share the line pause, so that many actors slow down together. Best effort. */
export async function slowDown({ pool }: Job, ledger: Pick<Ledger, "penalize">, error: unknown): Promise<void> {
  const line = lineOf(pool);
  if (line === null || codeOf(error) !== "CLOUD_THROTTLED") return;
  await ledger.penalize(line.bucket, line.limits, 1000 * (1 + Math.random()));
}
