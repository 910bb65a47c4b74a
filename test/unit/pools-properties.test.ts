import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseFilters } from "../../shared/clouds/aws/filter.ts";
import { codeOf } from "../../shared/errors.ts";
import { parsePools } from "../../shared/pools/file.ts";

const right = {
  name: "partners",
  cloud: "aws",
  region: "eu-west-1",
  select: { tags: { pool: "partners" } },
};
const fields =
  "name cloud region project family select orderBy lingerSeconds waitSeconds unreachableSeconds onRelease verify placement nodes allow"
    .split(" ")
    .concat("__proto__", "constructor", "toString");
/** Names that mean something to JavaScript among all others. */
const anything = fc.object({
  key: fc.oneof(fc.constantFrom(...fields), fc.string()),
  withBigInt: false,
  withDate: false,
  maxDepth: 3,
});

/** What `run` throws may only be this. */
function codeThrown(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

describe("a pools file, whatever is in it", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.string({ unit: "binary", maxLength: 200 }),
    anything.map((value) => stringify(value)),
    fc.array(fc.tuple(fc.constantFrom(...fields), anything)).map((changes) => {
      const pool = Object.assign(
        Object.create(null) as object,
        right,
        ...changes.map(([key, value]) => ({ [key]: value })),
      );
      return stringify({ pools: [pool] });
    }),
    fc.constantFrom("a: &a [*a]", "pools: [*x]", "pools: !!js/function 'x'", "[".repeat(500), "? {a: b}\n: c"),
  );

  it("is read, or refused with all that is wrong with it; nothing else happens", () => {
    fc.assert(
      fc.property(text, (yaml) => {
        expect([undefined, "POOLS_INVALID"]).toContain(codeThrown(() => parsePools(yaml)));
      }),
      { numRuns: 500 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("is refused in few words: what was seen is cut", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1000, maxLength: 5000 }), (long) => {
        const yaml = stringify({ pools: [{ ...right, cloud: long, region: long }] });
        expect(() => parsePools(yaml)).toThrow(/^(.{0,300}(\n|$))+$/);
      }),
    );
  });
});

describe("a filter of AWS, whatever is in it", () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('abN=,;" \t\nmeValus:*')) });
  const filter = fc.oneof(
    fc.string({ maxLength: 2048 }),
    fc
      .array(fc.oneof(word, fc.constantFrom("Name=", ",Values=", "Name=tag:a,Values=b", ";")))
      .map((parts) => parts.join("")),
  );

  it("is read, or refused with what is accepted; never is it empty, which would mean every address", () => {
    fc.assert(
      fc.property(filter, (text) => {
        const code = codeThrown(() => {
          const filters = parseFilters(text);
          expect(filters.length).toBeGreaterThan(0);
          for (const { Name = "", Values = [] } of filters) {
            expect(Name).not.toBe("");
            expect(Values.length).toBeGreaterThan(0);
          }
        });
        expect([undefined, "CLOUD_SELECT_INVALID"]).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});
