import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCatalogue } from "../../shared/errors.ts";

const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
const rows = new Map([...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, code, fix]) => [code, fix]));

describe("docs/errors.md", () => {
  it("says of every code what the catalogue says, and of no other", () => {
    expect(Object.fromEntries(rows)).toEqual(errorCatalogue);
  });
});
