import { describe, expect, it } from "vitest";
import { createMemoryCluster } from "../../../webhook/controller/cluster/memory.ts";
import { claimLeadership, sight, tryToLead } from "../../../webhook/controller/election.ts";

const lifeMs = 15_000;
const mirror = { epoch: "1", sequence: 4 };
const held = { holder: "b", lifeMs, acquiredAtMs: 1, renewedAtMs: 2, transitions: 3, mirror };
const self = { identity: "a", lifeMs, mirror: null, superseded: false };

describe("claimLeadership", () => {
  describe("when another replica leads", () => {
    const sighting = { leadership: held, version: "7", seenAtMs: 1_000 };

    it("waits for as long as its life since we saw it, whatever its clock says", () => {
      expect(claimLeadership(sighting, self, { monotonicMs: 15_999, wallMs: 9e12 })).toBeNull();
    });

    it("takes over after that, as the next term, with the mirror that it finds", () => {
      const claim = claimLeadership(sighting, self, { monotonicMs: 16_000, wallMs: 50 });
      expect(claim).toEqual({ holder: "a", lifeMs, acquiredAtMs: 50, renewedAtMs: 50, transitions: 4, mirror });
    });

    it("takes over at once when it was given up", () => {
      const free = { ...sighting, leadership: { ...held, holder: "" } };
      expect(claimLeadership(free, self, { monotonicMs: 1_000, wallMs: 50 })?.holder).toBe("a");
    });
  });

  describe("when we lead", () => {
    const ours = { leadership: { ...held, holder: "a" }, version: "7", seenAtMs: 0 };

    it("renews without a new term, and writes what the last beat answered", () => {
      const latest = { epoch: "1", sequence: 5 };
      const claim = claimLeadership(ours, { ...self, mirror: latest }, { monotonicMs: 99, wallMs: 50 });
      expect(claim).toEqual({ holder: "a", lifeMs, acquiredAtMs: 1, renewedAtMs: 50, transitions: 3, mirror: latest });
    });

    it("begins a later term when the ledger refuses this one", () => {
      const refused = { ...self, superseded: true };
      expect(claimLeadership(ours, refused, { monotonicMs: 99, wallMs: 50 })?.transitions).toBe(4);
      expect(claimLeadership(ours, refused, { monotonicMs: 99, wallMs: 60_000_000 })?.transitions).toBe(1_000);
    });
  });

  describe("when there is no Lease any more", () => {
    it("does not begin its terms anew: the ledger may have seen them", () => {
      expect(claimLeadership(null, self, { monotonicMs: 0, wallMs: 60_000_000 })?.transitions).toBe(1_000);
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
      const tries = ["a", "b"].map((identity) => tryToLead(cluster, null, { ...self, identity }, clocks));
      const answers = await Promise.all(tries);
      expect(answers.filter(({ held }) => held)).toHaveLength(1);
    });
  });
});
