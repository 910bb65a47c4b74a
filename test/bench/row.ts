/** One figure. `value` is null when it was not measured, and `note` says why. */
export interface Row {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly goal?: Goal;
  readonly note?: string;
}

export type Goal = { readonly atMost: number } | { readonly below: number } | { readonly atLeast: number };

/** What every bench is told; only main.ts reads the environment. */
export interface BenchSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long the sidecar is held before it is looked at. */
  readonly holdSeconds: number;
}

export type Bench = (settings: BenchSettings) => Promise<Row[]>;

export function notMeasured(name: string, why: string): Row {
  return { name, value: null, unit: "", note: `not measured: ${why}` };
}

export function isMet({ value, goal }: Row): boolean | undefined {
  if (value === null || goal === undefined) return undefined;
  if ("atMost" in goal) return value <= goal.atMost;
  return "below" in goal ? value < goal.below : value >= goal.atLeast;
}

export function goalText({ goal, unit }: Row): string {
  if (goal === undefined) return "";
  const [sign, limit] =
    "atMost" in goal ? ["≤", goal.atMost] : "below" in goal ? ["<", goal.below] : ["≥", goal.atLeast];
  return `${sign} ${limit} ${unit}`.trimEnd();
}

/** Three digits that count are more than a shared machine can promise. */
export function figureText({ value, unit }: Row): string {
  if (value === null) return "-";
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`.trimEnd();
}
