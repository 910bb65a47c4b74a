import { describe, expect, it } from "vitest";
import { codeOf } from "../../shared/errors.ts";
import { parsePools } from "../../shared/pools/file.ts";

const pool = (name: string, more = "") => `
  - name: ${name}
    cloud: aws
    region: eu-west-1
    select: { tags: { pool: ${name} } }
${more}`;

function problems(text: string): string[] {
  try {
    parsePools(text);
  } catch (error) {
    if (codeOf(error) !== "POOLS_INVALID") throw error;
    return (error as Error).message.split("\n  - ").slice(1);
  }
  return [];
}

describe("parsePools", () => {
  describe("when the file is right", () => {
    it("gives the pools with the contract's defaults", () => {
      expect(parsePools(`pools:${pool("partners")}`)).toEqual([
        {
          name: "partners",
          cloud: "aws",
          region: "eu-west-1",
          family: "ipv4",
          select: { tags: { pool: "partners" } },
          lingerSeconds: 30,
          waitSeconds: 300,
          unreachableSeconds: 60,
          onRelease: "keepUntilNodeGone",
          placement: "pack",
        },
      ]);
    });

    it("takes an empty list of pools", () => {
      expect(parsePools("pools: []")).toEqual([]);
    });
  });

  describe("when the file is wrong", () => {
    it("lists every problem with its path and the value seen", () => {
      const text = `pools:${pool("Partners", "    lingerSeconds: -1\n    family: ipv6\n    colour: red\n")}${pool("ok", "    select: {}\n")}`;
      expect(problems(text.replace("    select: { tags: { pool: ok } }\n", ""))).toEqual([
        expect.stringMatching(/^pools\[0\]\.name: saw "Partners"; accepted: /),
        expect.stringMatching(/^pools\[0\]\.family: saw "ipv6"; accepted: ipv4/),
        expect.stringMatching(/^pools\[0\]\.lingerSeconds: saw -1; /),
        expect.stringMatching(/^pools\[0\]: saw .*colour/),
        expect.stringMatching(/^pools\[1\]\.select: saw \{\}; accepted: at least one of tags/),
      ]);
    });

    it.each([
      ["is empty", "", /^the file: saw no mapping/],
      ["is a list", "- a", /^the file: saw no mapping/],
      ["has no pools", "{}", /^pools: saw nothing; /],
      ["is not YAML", "pools: [", /^line 1, column \d+: .*accepted: YAML/],
      ["has a key twice", "pools: []\npools: []", /^line 2, column 1: .*unique/],
      ["has an unknown field", "pools: []\npool: 1", /^the file: saw .*pool/],
      ["is a bomb of aliases", bomb(), /aliases are small/],
    ])("says so when it %s", (_what, text, problem) => {
      expect(problems(text)).toEqual([expect.stringMatching(problem)]);
    });
  });

  describe("when a pool's nodes could not stand in a pod", () => {
    it("says so here, and not at the first pod", () => {
      const nodes = `
    nodes:
      nodeSelector: { "a~b": "x", ok: "a b" }
      tolerations: [{ operator: Equal }, { key: a, operator: Exists, value: b }, { key: a, tolerationSeconds: 1 }]`;
      expect(problems(`pools:${pool("a", nodes)}`)).toEqual([
        expect.stringMatching(/^pools\[0\]\.nodes\.nodeSelector\.a~b: /),
        expect.stringMatching(/^pools\[0\]\.nodes\.nodeSelector\.ok: saw "a b"; accepted: a label's value/),
        expect.stringMatching(/^pools\[0\]\.nodes\.tolerations\[0\]\.key: saw .*; accepted: a key/),
        expect.stringMatching(/^pools\[0\]\.nodes\.tolerations\[1\]\.value: saw .*; accepted: no value/),
        expect.stringMatching(/^pools\[0\]\.nodes\.tolerations\[2\]\.tolerationSeconds: saw .*; accepted: only/),
      ]);
    });
  });

  describe("when pools overlap", () => {
    it("refuses a name used twice and the same select", () => {
      expect(problems(`pools:${pool("a")}${pool("a")}`)).toEqual([
        'pools[1].name: saw "a", also at pools[0].name; accepted: a name once',
        "pools[1].select: selects the same addresses as pools[0].select; accepted: pools that do not overlap",
      ]);
    });

    it("refuses an explicit address in two pools, and twice in one", () => {
      const listed = (name: string, addresses: string) =>
        `\n  - { name: ${name}, cloud: memory, region: r, select: { addresses: [${addresses}] } }`;
      expect(
        problems(`pools:${listed("a", "203.0.113.1, 203.0.113.1")}${listed("b", "203.0.113.2, 203.0.113.1")}`),
      ).toEqual([
        expect.stringMatching(/^pools\[0\]\.select\.addresses\[1\]: saw "203\.0\.113\.1", also at pools\[0\]/),
        expect.stringMatching(/^pools\[1\]\.select\.addresses\[1\]: saw "203\.0\.113\.1", also at pools\[0\]/),
      ]);
    });

    it("takes the same tags in two regions", () => {
      const text = `pools:${pool("a")}${pool("a").replace("name: a", "name: b").replace("eu-west-1", "eu-west-2")}`;
      expect(parsePools(text)).toHaveLength(2);
    });
  });
});

function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`);
  return `pools: []\nl0: &l0 [x]\n${levels.join("\n")}`;
}
