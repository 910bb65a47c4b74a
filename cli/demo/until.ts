import { setTimeout as after } from "node:timers/promises";

/** Asks again and again until there is an answer; rejects with `what` and the last `seen` when time is over. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  options: { readonly withinMs: number; readonly signal: AbortSignal; readonly seen: () => string },
): Promise<T> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) {
      throw new Error(`not true within ${options.withinMs / 1000} s: ${what}; seen: ${options.seen()}`);
    }
    await after(50);
  }
}
