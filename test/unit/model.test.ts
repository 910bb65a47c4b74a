import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checks } from "../model/checks.ts";

interface Results {
  readonly rows: readonly { readonly name: string; readonly guard: string; readonly good: boolean }[];
}

describe("model", () => {
  const model = readFileSync("docs/model/Egress.tla", "utf8");

  it("is checked without each of its guards", () => {
    const guards = [...model.matchAll(/G\("([^"]+)"\)/g)].map(([, guard]) => guard);
    const takenOut = checks(false).map(({ guard }) => guard);
    expect(new Set(takenOut)).toEqual(new Set(["", ...guards]));
  });

  it("has a last result for every check, as expected", () => {
    const { rows } = JSON.parse(readFileSync("docs/model/last.json", "utf8")) as Results;
    const wanted = checks(false).map(({ name, guard }) => ({ name, guard, good: true }));
    expect(rows.map(({ name, guard, good }) => ({ name, guard, good }))).toEqual(wanted);
  });
});
