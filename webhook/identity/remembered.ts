import type { Clock } from "../../shared/clock.ts";

/** Values that are remembered until a time, at most `most` of them: what was asked for the longest ago goes first. */
export function createRemembered<T>(most: number, clock: Clock) {
  const entries = new Map<string, { readonly value: T; readonly untilMs: number }>();
  return {
    get(key: string): T | undefined {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.untilMs <= clock()) return undefined;
      entries.set(key, entry); // the youngest now
      return entry.value;
    },
    set(key: string, value: T, untilMs: number): void {
      entries.delete(key);
      entries.set(key, { value, untilMs });
      const [oldest] = entries.keys();
      if (entries.size > most && oldest !== undefined) entries.delete(oldest);
    },
  };
}

/**
 * Answers by key, remembered until the time that comes with each. Who asks for the same meanwhile shares the question; one that
 * fails is not remembered.
 */
export function createAnswers<T>(most: number, clock: Clock) {
  const remembered = createRemembered<T>(most, clock);
  const asking = new Map<string, Promise<T>>();
  return async (key: string, ask: () => Promise<{ readonly value: T; readonly untilMs: number }>): Promise<T> => {
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const shared = asking.get(key);
    if (shared !== undefined) return shared;
    const asked = (async () => {
      const { value, untilMs } = await ask();
      remembered.set(key, value, untilMs);
      return value;
    })().finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  };
}
