import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventReasons } from "../../webhook/controller/cluster/port.ts";

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
/** What the rows of tables begin with, in the page's order. */
const named = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, name = ""]) => name);

describe("docs/operations.md", () => {
  it("says what each Event means, and of no other", () => {
    expect(named(/^\| `(Egress[A-Za-z]+)` \|/gm).toSorted()).toEqual([...eventReasons].toSorted());
  });
});
