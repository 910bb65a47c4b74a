/** What finds that a guard is missing: a program that has to fail then, and the words by which its failure is known. */
export interface Finder {
  readonly args: readonly string[];
  /** A crash is no finding. */
  readonly finding: RegExp;
}

/** Cases of the fault matrix whose name has `only` in it. */
export const matrix = (only: string): Finder => ({
  args: ["test/matrix/main.ts", "--first", "--only", only],
  finding: /^\S.*: (?:\d+|program): |never came to it/m,
});

/** The tests whose names have `name` in them, of the files whose paths have one of `files` in them. */
export const tests = (
  project: "unit" | "conformance" | "integration" | "matrix" | "simulation",
  files: string | readonly string[],
  name = "",
): Finder => ({
  args: [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    ...[files].flat(),
    "--bail",
    "1",
    ...(name === "" ? [] : ["-t", name]),
  ],
  finding: /Tests .*\d+ failed/,
});

/** What earlier tools get wrong. */
export const complaint = (name: string): Finder => tests("matrix", "test/matrix/complaints.test.ts", name);

const rules = ["acquire", "settle", "leases", "inventory", "reads", "unsure"].map(
  (part) => `test/conformance/ledger-${part}.test.ts`,
);

/** What every ledger keeps to while nobody doubts it. */
export const ledger = (name = ""): Finder => tests("conformance", rules, name);

/** What namespaces may have of a pool, and in which order they get it. */
export const quota = (name = ""): Finder => tests("conformance", "test/conformance/ledger-quota.test.ts", name);
export const turns = (name = ""): Finder => tests("conformance", "test/conformance/ledger-turns.test.ts", name);

/** What every ledger keeps to in doubt. */
export const doubts = (name = ""): Finder => tests("conformance", "test/conformance/ledger-doubt", name);
