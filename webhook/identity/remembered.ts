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
