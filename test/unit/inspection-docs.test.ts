import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { addressStates } from "../../shared/inspection/address-state.ts";
import { addressRow, listQuery, nodeRow, podRow, poolRow, span } from "../../webhook/inspection/schemas.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/inspection.md");

/** The names in the first column of the table below a heading. */
function namesBelow(heading: string): string[] {
  const [, section = ""] = page.split(`\n${heading}\n`);
  const rows = [...(section.split(/\n#/)[0] ?? "").matchAll(/^\| (`[^|]+`) \|/gm)];
  return rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

describe("docs/inspection.md", () => {
  it.each<[string, z.ZodObject]>([
    ["### a pool", poolRow],
    ["### an address", addressRow],
    ["### a node", nodeRow],
    ["### a pod", podRow],
    ["### a span", span],
  ])("%s has the fields of its schema", (heading, schema) => {
    expect(namesBelow(heading).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
  });

  it("has the states of an address, and a pool's", () => {
    expect(namesBelow("## States of an address")).toEqual([...addressStates, "exhausted"]);
  });

  it("has the paths that there are", () => {
    const routes = read("webhook/inspection/routes.ts");
    const paths = [...routes.matchAll(/"(\/api\/[a-z:/]+)"/g)].map(([, path]) => path);
    expect(namesBelow("## Paths")).toEqual(["/", ...paths]);
  });

  it("names what lists take", () => {
    for (const name of Object.keys(listQuery.shape)) expect(page).toContain(`\`${name}\``);
  });
});
