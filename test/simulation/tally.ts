import { kindOf } from "./kinds.ts";
import type { History } from "./history.ts";
import type { Outcome } from "./run.ts";

/** The figures of many histories. */
export interface Tally {
  add(history: History, outcome: Outcome): void;
  /** As data: counts, hours, and seconds until repaired (median, worst), by kind of fault. */
  figures(): object;
}

export function createTally(): Tally {
  const faults = new Map<string, number>();
  const repairs = new Map<string, number[]>();
  const broken: string[] = [];
  let histories = 0;
  let simulatedMs = 0;
  let happened = 0;

  return {
    add({ seed, events }, outcome) {
      histories += 1;
      simulatedMs += outcome.simulatedMs;
      happened += outcome.happened;
      if (outcome.violations.length > 0) broken.push(`${seed}: ${outcome.violations[0]}`);
      for (const event of events) {
        const kind = kindOf(event);
        if (kind !== undefined) faults.set(kind, (faults.get(kind) ?? 0) + 1);
      }
      for (const { kind, seconds } of outcome.repairs) repairs.set(kind, [...(repairs.get(kind) ?? []), seconds]);
    },
    figures: () => ({
      histories,
      broken,
      virtualHours: Math.round(simulatedMs / 3_600_000),
      happenings: happened,
      faults: Object.fromEntries([...faults].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      secondsToRepair: Object.fromEntries(
        [...repairs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, seconds]) => [kind, summary(seconds)]),
      ),
    }),
  };
}

function summary(seconds: readonly number[]): { times: number; median: number; worst: number } {
  const sorted = seconds.toSorted((a, b) => a - b);
  return { times: sorted.length, median: sorted[sorted.length >> 1] ?? 0, worst: sorted.at(-1) ?? 0 };
}
