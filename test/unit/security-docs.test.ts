import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { guards } from "../guards/guards.ts";
import type { Guard } from "../guards/guard.ts";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| (.+) \| `([^`]+)`: (.+) \| ([A-Za-z]+: .+) \| (.+) \|$/gm)].map(
  ([, tries = "", file = "", , name = "", test = ""]) => ({ tries, file, name, test }),
);
/** The files, and the name that a test has to have in it. */
const testOf = ({ finder: { args } }: Guard): string => {
  const files = args.filter((arg) => arg.startsWith("test/")).map((file) => `\`${file}\``);
  const named = args.indexOf("-t");
  return files.join(", ") + (named === -1 ? "" : `: ${args[named + 1]}`);
};

describe("docs/security.md", () => {
  it("has rows to hold it to", () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(page.match(/^\| /gm)?.length).toBe(rows.length + (page.match(/^\| tries /gm)?.length ?? 0));
  });

  it.each(rows)("$tries: names a guard that is in that file, and its test", ({ file, name, test }) => {
    const guard = guards.find((each) => each.name === name);
    expect(guard?.file).toBe(file);
    expect(test).toBe(guard && testOf(guard));
  });

  it("has a row for every guard of security", () => {
    const named = new Set(rows.map(({ name }) => name));
    expect(guards.map(({ name }) => name).filter((name) => name.startsWith("security: ") && !named.has(name))).toEqual(
      [],
    );
  });
});
