import type { Case, Tried } from "./cases.ts";

export interface Result extends Case, Tried {
  /** When all is well in this scenario without a fault. */
  readonly fairMs: number;
}

/**
 * What was tried and survived of one kind, and the seconds from the fault until all was well again; what the scenario takes by
 * itself does not count.
 */
export interface Row {
  readonly kind: string;
  readonly tried: number;
  readonly survived: number;
  readonly medianSeconds: number;
  readonly worstSeconds: number;
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

const repairedMs = ({ fairMs, hitAtMs = 0, wellAtMs }: Result): number =>
  Math.max(0, wellAtMs - Math.max(hitAtMs, fairMs));

export const survived = ({ reached, violations }: Tried): boolean => reached && violations.length === 0;

/** One row for each kind, in the order in which they come first. */
export function rowsBy(results: readonly Result[], kindOf: (result: Result) => string): Row[] {
  const groups = new Map<string, Result[]>();
  for (const result of results) groups.set(kindOf(result), [...(groups.get(kindOf(result)) ?? []), result]);
  return [...groups].map(([kind, group]) => {
    const times = group.map(repairedMs).toSorted((a, b) => a - b);
    return {
      kind,
      tried: group.length,
      survived: group.filter(survived).length,
      medianSeconds: seconds(times[Math.floor(times.length / 2)] ?? 0),
      worstSeconds: seconds(times.at(-1) ?? 0),
    };
  });
}

export function textOf(rows: readonly Row[]): string {
  const lines = rows.map(({ kind, tried, survived: well, medianSeconds, worstSeconds }) =>
    [kind.padEnd(20), tried, well, medianSeconds.toFixed(1), worstSeconds.toFixed(1)]
      .map((cell) => String(cell).padStart(9))
      .join(" "),
  );
  const head = ["".padEnd(20), "tried", "survived", "median s", "worst s"].map((cell) => cell.padStart(9)).join(" ");
  return [head, ...lines].join("\n");
}
