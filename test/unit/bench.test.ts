import { describe, expect, it } from "vitest";
import { median, quantile } from "../bench/quantile.ts";
import { figureText, goalText, isMet, notMeasured } from "../bench/row.ts";
import { parseSidecarImage } from "../support/sidecar-image.ts";

describe("quantile and median", () => {
  it("are values that were measured, whatever their order; the median of an even number lies between two", () => {
    const values = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 0)]).toEqual([5, 10, 1]);
    expect([median(values), median([3, 1, 2]), median([7])]).toEqual([5.5, 2, 7]);
  });

  it("refuse to make up a figure", () => {
    expect(() => median([])).toThrow("no values were measured");
  });
});

describe("row", () => {
  it("tells whether its goal is met", () => {
    const row = (value: number, goal: { atMost: number } | { below: number } | { atLeast: number }) =>
      isMet({ name: "", value, unit: "ms", goal });
    expect([row(2, { atMost: 2 }), row(2, { below: 2 }), row(2, { atLeast: 2 })]).toEqual([true, false, true]);
    expect([row(2.1, { atMost: 2 }), row(1.9, { below: 2 }), row(1.9, { atLeast: 2 })]).toEqual([false, true, false]);
  });

  it("says nothing of a figure that was not measured", () => {
    const row = { ...notMeasured("pod start", "no cluster"), goal: { atMost: 1.5 } };
    expect([isMet(row), figureText(row), row.note]).toEqual([undefined, "-", "not measured: no cluster"]);
  });

  it("shows no more digits than count", () => {
    const shown = [0.0312, 1.234, 51.09, 388.7, 12_345].map((value) => figureText({ name: "", value, unit: "ms" }));
    expect(shown).toEqual(["0.03 ms", "1.23 ms", "51.1 ms", "389 ms", "12345 ms"]);
    expect(goalText({ name: "", value: 1, unit: "", goal: { atLeast: 0.7 } })).toBe("≥ 0.7");
  });
});

describe("parseSidecarImage", () => {
  it("reads flags and environment of the last stage", () => {
    const dockerfile = [
      "FROM a AS build",
      "ENV BUILD=1",
      "FROM b",
      "ENV NODE_ENV=production MALLOC_ARENA_MAX=1 \\",
      "    X_=a=b",
      'ENTRYPOINT ["node", "--jitless", "/app/main.cjs"]',
    ].join("\n");
    const env = { NODE_ENV: "production", MALLOC_ARENA_MAX: "1", X_: "a=b" };
    expect(parseSidecarImage(dockerfile)).toEqual({ flags: ["--jitless"], env });
  });

  it("refuses an entry point that it cannot read", () => {
    expect(() => parseSidecarImage("FROM a\nENTRYPOINT node main.cjs\n")).toThrow("accepted:");
  });
});
