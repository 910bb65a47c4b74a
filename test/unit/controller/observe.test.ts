import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../../shared/ledger/records.ts";
import type { ClusterNode, ClusterPod } from "../../../webhook/controller/cluster/port.ts";
import { observe } from "../../../webhook/controller/observe.ts";
import { aLease, anAttachment, aNode, aPod, aSnapshot, aWaiter, watched } from "../../support/cluster/snapshots.ts";

const view = (nodes: ClusterNode[], pods: ClusterPod[], known = true) => ({
  nodes: watched((node) => node.name, nodes),
  pods: watched((pod) => pod.uid, pods),
  known: () => known,
});
const reasons = (previous: Snapshot | null, snapshot: Snapshot, seen: ReturnType<typeof view>) =>
  observe(previous, snapshot, seen).map(({ event }) => `${event?.about.name} ${event?.reason}`);

describe("observe", () => {
  describe("when an address was attached for two pods", () => {
    const snapshot = aSnapshot({
      attachments: [anAttachment("a", "203.0.113.1")],
      leases: [aLease("second", "a", { sinceMs: 41_000 }), aLease("first", "a")],
    });

    it("tells the node, the pod whose lease made the attach, and the one that shares it", () => {
      const seen = view([aNode("a")], [aPod("first"), aPod("second")]);
      expect(reasons(null, snapshot, seen)).toEqual([
        "a EgressAddressAttached",
        "second EgressAddressShared",
        "first EgressAddressAttached",
      ]);
    });

    it("writes label and annotations", () => {
      const [node, pod] = observe(null, snapshot, view([aNode("a")], [aPod("first")]));
      expect(node?.markNode).toEqual({ name: "a", pool: "partners", address: "203.0.113.1" });
      expect(pod?.markPod).toMatchObject({ pod: { uid: "first" }, address: "203.0.113.1" });
    });

    it("says nothing when all of it is written already, so that a new leader does not tell it again", () => {
      const address = "203.0.113.1";
      const seen = view(
        [aNode("a", { pool: "partners", address })],
        [aPod("first", { address }), aPod("second", { address })],
      );
      expect(observe(null, snapshot, seen)).toEqual([]);
    });
  });

  describe("when a pod comes to an address that was there already", () => {
    it("tells it that it shares", () => {
      const snapshot = aSnapshot({
        attachments: [anAttachment("a", "203.0.113.1")],
        leases: [aLease("late", "a", { sinceMs: 60_000 })],
      });
      const seen = view([aNode("a", { pool: "partners", address: "203.0.113.1" })], [aPod("late")]);
      expect(reasons(null, snapshot, seen)).toEqual(["late EgressAddressShared"]);
    });
  });

  describe("when the address of a running pod is another one now", () => {
    it("tells the pod so", () => {
      const snapshot = aSnapshot({ attachments: [anAttachment("a", "203.0.113.2")], leases: [aLease("p", "a")] });
      const seen = view([], [aPod("p", { address: "203.0.113.1" })]);
      expect(reasons(null, snapshot, seen)).toEqual(["p EgressAddressChanged"]);
    });
  });

  describe("when a node has marks and no attachment", () => {
    const marked = aNode("a", { pool: "partners", address: "203.0.113.1" });

    it("removes them and tells the node", () => {
      const [action] = observe(null, aSnapshot(), view([marked], []));
      expect(action).toMatchObject({
        markNode: { name: "a", pool: null, address: null },
        event: { reason: "EgressAddressReleased" },
      });
    });

    it("removes them when the attachment is to a machine that had the name before", () => {
      const machine = { id: "later", providerId: "memory:///later" };
      const entry = { name: "a", uid: "uid-a", cloud: "memory", region: "local", machine, ready: true } as const;
      const snapshot = aSnapshot({
        nodes: [entry],
        attachments: [anAttachment("a", "203.0.113.1", { state: "kept" })],
      });
      const seen = view([aNode("a", { pool: "partners", address: "203.0.113.1" })], []);
      const marks = observe(null, snapshot, seen).map(({ markNode }) => markNode);
      expect(marks).toEqual([{ name: "a", pool: null, address: null }]);
    });

    it("leaves them while the pool's inventory has not been read", () => {
      expect(observe(null, aSnapshot(), view([marked], [], false))).toEqual([]);
    });
  });

  describe("when a lease has gone since the last look", () => {
    const before = aSnapshot({ leases: [aLease("p", "a")] });

    it("tells the pod", () => {
      expect(reasons(before, aSnapshot(), view([], []))).toEqual(["p EgressReleased"]);
    });

    it("says nothing when the whole ledger was lost", () => {
      expect(observe(before, aSnapshot({ epoch: "2" }), view([], []))).toEqual([]);
    });

    it("says nothing of release when the pod is back in the queue", () => {
      const after = aSnapshot({ waiters: [aWaiter("p", "a")] });
      expect(reasons(before, after, view([], []))).toEqual([]);
    });
  });

  describe("when a node carries a foreign address", () => {
    it("reports the conflict on the node", () => {
      const entry = { name: "a", uid: "u", cloud: "memory", region: "local", ready: true } as const;
      const snapshot = aSnapshot({
        nodes: [{ ...entry, machine: { id: "m-a", providerId: "memory:///m-a" } }],
        problems: [{ machine: "m-a", code: "NODE_FOREIGN_ADDRESS", message: "has 192.0.2.1", untilMs: 0, count: 1 }],
      });
      expect(reasons(null, snapshot, view([aNode("a")], []))).toEqual(["a EgressConflict"]);
    });
  });
});
