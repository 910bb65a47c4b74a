import { codeOf, EgressError } from "../../shared/errors.ts";

/** `problem`: has to be mended. `warning`: should be looked at. `unknown`: could not be checked, and why. */
export type Verdict = "ok" | "warning" | "problem" | "unknown";

/** What one check has found, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly seen: string;
  readonly fix: string | null;
}

export const ok = (check: string, seen: string): Finding => ({ check, verdict: "ok", seen, fix: null });

export function found(check: string, verdict: Exclude<Verdict, "ok">, seen: string, fix: string): Finding {
  return { check, verdict, seen, fix };
}

/** A check that fails with an EgressError is a finding, too; anything else is a fault of ours and is thrown. */
export async function findings(
  check: string,
  look: () => Promise<readonly Finding[]>,
  verdict: "problem" | "unknown" = "problem",
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    const denied = codeOf(error) === "CLUSTER_DENIED";
    return [found(check, denied ? "unknown" : verdict, `${error.code}: ${error.message}`, error.fix)];
  }
}

const marks: Readonly<Record<Verdict, string>> = {
  ok: "ok      ",
  warning: "warning ",
  problem: "PROBLEM ",
  unknown: "unknown ",
};

/** For people: a line for each finding, and one for its fix. The last line counts them. */
export function findingLines(all: readonly Finding[]): string[] {
  const width = Math.max(...all.map(({ check }) => check.length));
  const count = (verdict: Verdict) => all.filter((finding) => finding.verdict === verdict).length;
  return [
    ...all.flatMap(({ check, verdict, seen, fix }) => [
      `${marks[verdict]} ${check.padEnd(width)}  ${seen}`,
      ...(fix === null ? [] : [`${" ".repeat(10 + width)} fix: ${fix}`]),
    ]),
    `problems: ${count("problem")}, warnings: ${count("warning")}, not checked: ${count("unknown")}, in order: ${count("ok")}`,
  ];
}
