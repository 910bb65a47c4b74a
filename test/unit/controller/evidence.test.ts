import { describe, expect, it } from "vitest";
import { judgeExpired, judgeMachine, judgePod } from "../../../webhook/controller/evidence.ts";
import { aLease, aNode, aPod } from "../../support/cluster/snapshots.ts";

const lease = aLease("pod-1", "a");
const unreachableMs = 60_000;
const judge = (seen: Parameters<typeof judgeExpired>[1], nowMs = 1_000_000) =>
  judgeExpired(lease, seen, unreachableMs, nowMs);

describe("judgeExpired", () => {
  describe("when the pod runs on a Ready node", () => {
    it("keeps the lease and says that its renewal is late", () => {
      const seen = { pod: aPod("pod-1"), node: aNode("a") };
      expect(judge(seen)).toEqual({ verdict: "keep", late: true, againMs: undefined });
    });
  });

  describe("when the cache has no such pod", () => {
    it("asks for a fresh read before anything ends", () => {
      expect(judge({ pod: undefined, node: aNode("a") })).toEqual({ verdict: "read-pod" });
    });
  });

  describe("when the pod was read", () => {
    it.each([
      ["is gone", null, "pod-gone"],
      ["has another uid", aPod("pod-2", { name: "pod-1" }), "pod-replaced"],
      ["has ended", aPod("pod-1", { ended: true }), "pod-ended"],
    ])("ends the lease when it %s", (_, pod, why) => {
      expect(judge({ pod, node: aNode("a") })).toEqual({ verdict: "end", why });
    });
  });

  describe("when the node is not Ready", () => {
    const seen = { pod: aPod("pod-1"), node: aNode("a", { ready: false, notReadySinceMs: 1_000_000 }) };

    it("keeps the lease, and says when to look again, before unreachableSeconds", () => {
      expect(judge(seen, 1_059_999)).toEqual({ verdict: "keep", late: false, againMs: 1 });
    });

    it("ends the lease from unreachableSeconds on", () => {
      expect(judge(seen, 1_060_000)).toEqual({ verdict: "end", why: "node-unreachable" });
    });

    it("keeps the lease when our clock is behind the node's condition", () => {
      expect(judge(seen, 900_000)).toMatchObject({ verdict: "keep", late: false });
    });
  });

  describe("when the node is not in the cache", () => {
    it("asks for a fresh read, and ends the lease when there is none", () => {
      expect(judge({ pod: aPod("pod-1"), node: undefined })).toEqual({ verdict: "read-node" });
      expect(judge({ pod: aPod("pod-1"), node: null })).toEqual({ verdict: "end", why: "node-gone" });
    });
  });
});

describe("judgePod", () => {
  describe("when the lease has not expired", () => {
    it("keeps it as long as the pod runs", () => {
      expect(judgePod("pod-1", aPod("pod-1"))).toMatchObject({ verdict: "keep" });
    });
  });
});

describe("judgeMachine", () => {
  describe("when the cloud says that the machine is stopped", () => {
    it("keeps the lease until it was silent for unreachableSeconds, and says when that is", () => {
      expect(judgeMachine("stopped", 59_999, unreachableMs)).toEqual({ verdict: "keep", late: false, againMs: 1 });
      expect(judgeMachine("stopped", 60_000, unreachableMs)).toEqual({ verdict: "end", why: "machine-stopped" });
    });
  });

  describe("when the cloud says that there is none", () => {
    it("ends the lease", () => {
      expect(judgeMachine("gone", 0, unreachableMs)).toEqual({ verdict: "end", why: "machine-gone" });
    });
  });

  describe("when it runs, or the cloud does not tell", () => {
    it("leaves it to the node's condition", () => {
      for (const state of ["running", undefined] as const) {
        expect(judgeMachine(state, 1_000_000, unreachableMs)).toBeUndefined();
      }
    });
  });
});
