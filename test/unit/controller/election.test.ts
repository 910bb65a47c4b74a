import { describe, expect, it } from "vitest";
import { createMemoryCluster } from "../../../webhook/controller/cluster/memory.ts";
import { claimLeadership, sight, tryToLead } from "../../../webhook/controller/election.ts";

const lifeMs = 15_000;
const held = { holder: "b", lifeMs, acquiredAtMs: 1, renewedAtMs: 2, transitions: 3 };
const self = { identity: "a", lifeMs };

describe("claimLeadership", () => {
  describe("when another replica leads", () => {
    const sighting = { leadership: held, version: "7", seenAtMs: 1_000 };

    it("waits for as long as its life since we saw it, whatever its clock says", () => {
      expect(claimLeadership(sighting, self, { monotonicMs: 15_999, wallMs: 9e12 })).toBeNull();
    });

    it("takes over after that, as the next term", () => {
      const claim = claimLeadership(sighting, self, { monotonicMs: 16_000, wallMs: 50 });
      expect(claim).toEqual({ holder: "a", lifeMs, acquiredAtMs: 50, renewedAtMs: 50, transitions: 4 });
    });

    it("takes over at once when it was given up", () => {
      const free = { ...sighting, leadership: { ...held, holder: "" } };
      expect(claimLeadership(free, self, { monotonicMs: 1_000, wallMs: 50 })?.holder).toBe("a");
    });
  });

  describe("when we lead", () => {
    it("renews without a new term", () => {
      const ours = { leadership: { ...held, holder: "a" }, version: "7", seenAtMs: 0 };
      const claim = claimLeadership(ours, self, { monotonicMs: 99, wallMs: 50 });
      expect(claim).toEqual({ holder: "a", lifeMs, acquiredAtMs: 1, renewedAtMs: 50, transitions: 3 });
    });
  });
});

describe("sight", () => {
  it("counts from when a version was first seen", () => {
    const first = sight(null, { leadership: held, version: "7" }, 100);
    expect(sight(first, { leadership: held, version: "7" }, 900)?.seenAtMs).toBe(100);
    expect(sight(first, { leadership: held, version: "8" }, 900)?.seenAtMs).toBe(900);
  });
});

describe("tryToLead", () => {
  describe("when two replicas try at the same moment", () => {
    it("lets exactly one lead", async () => {
      const cluster = createMemoryCluster();
      const clocks = { monotonic: () => 0, wall: () => 0 };
      const tries = ["a", "b"].map((identity) => tryToLead(cluster, null, { identity, lifeMs }, clocks));
      const answers = await Promise.all(tries);
      expect(answers.filter(({ held }) => held)).toHaveLength(1);
    });
  });
});
