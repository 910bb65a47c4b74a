import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../shared/metrics.ts";
import { eventReasons } from "../../webhook/controller/cluster/port.ts";

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
/** What the rows of tables begin with, in the page's order. */
const named = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, name = ""]) => name);

describe("docs/operations.md", () => {
  it("says what each metric means, and of no other", async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    expect(named(/^\| `(static_egress_[a-z_]+)` \|/gm).toSorted()).toEqual(metrics.map(({ name }) => name).toSorted());
  });

  it("says of each metric which labels it has", async () => {
    for (const metric of createMetrics().registry.getMetricsAsArray()) {
      const labels = "labelNames" in metric ? (metric.labelNames as string[]) : [];
      const row = page.split("\n").find((line) => line.startsWith(`| \`${metric.name}\` |`)) ?? "";
      expect(row.split("|")[2]?.trim(), metric.name).toBe(labels.join(", "));
    }
  });

  it("says what each Event means, and of no other", () => {
    expect(named(/^\| `(Egress[A-Za-z]+)` \|/gm).toSorted()).toEqual([...eventReasons].toSorted());
  });
});
