import { EgressError } from "../../shared/errors.ts";

export interface TurnLimits {
  /** Tasks under way. */
  readonly atOnce: number;
  /** The least time that a task takes up its place: so there are never more than `atOnce` in it. */
  readonly placeMs: number;
  /** Tasks of one source that wait. */
  readonly mostWaiting: number;
}

/**
 * Runs tasks, not too many at once and not too many a second. Those that have to wait do so in a queue of their source, and the
 * sources take turns: who asks for a lot delays nobody but itself. Rejects with RATE_LIMITED where the source's queue is full.
 */
export function createTurns({ atOnce, placeMs, mostWaiting }: TurnLimits) {
  /** The first is next. */
  const queues = new Map<string, (() => void)[]>();
  let taken = 0;

  function pass(): void {
    const [next] = queues;
    if (next === undefined) {
      taken -= 1;
      return;
    }
    const [source, queue] = next;
    queues.delete(source);
    const begin = queue.shift();
    if (queue.length > 0) queues.set(source, queue); // the last one now
    begin?.();
  }

  async function place(source: string): Promise<void> {
    if (taken < atOnce) {
      taken += 1;
      return;
    }
    const queue = queues.get(source) ?? [];
    if (queue.length >= mostWaiting)
      throw new EgressError("RATE_LIMITED", `${mostWaiting} requests of ${source} wait already`);
    queues.set(source, queue);
    await new Promise<void>((begin) => queue.push(begin));
  }

  return async <T>(source: string, task: () => Promise<T>): Promise<T> => {
    await place(source);
    const startedAt = performance.now();
    try {
      return await task();
    } finally {
      setTimeout(pass, Math.max(0, placeMs - (performance.now() - startedAt)));
    }
  };
}
