import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, putIntoUse } from "../support/ledger-cases.ts";

const wrong = { code: "LEASE_SECRET_WRONG" };
const drained = { leaseMs: 60_000, graceMs: 0 };

eachLedger("Ledger", (open) => {
  let ledger: Ledger;
  const acquire = (podUid: string, secretHash?: string) =>
    ledger.acquire(claim(podUid, "n1", secretHash === undefined ? {} : { secretHash }), how);
  const held = async () => (await ledger.snapshot()).leases.map(({ podUid, state }) => `${podUid} ${state}`);

  beforeEach(async () => {
    ledger = await putIntoUse(await open());
    await attach(ledger, "p0", "n1");
  });

  describe("a lease with a secret", () => {
    beforeEach(async () => void (await acquire("p1", "hash-1")));

    it("is renewed, drained and released by whoever brings it", async () => {
      expect(await ledger.renew("p1", 60_000, null, "hash-1")).toMatchObject({ status: "renewed", ip: "203.0.113.1" });
      await ledger.drain("p1", { ...drained, secretHash: "hash-1" });
      expect(await held()).toEqual(["p0 held", "p1 draining"]);
      expect(await ledger.release("p1", { ...how, secretHash: "hash-1" })).toEqual({ status: "released", last: false });
    });

    it("is left as it is by whoever brings another one", async () => {
      await expect(ledger.renew("p1", 60_000, { kind: "proceeding", detail: "" }, "hash-2")).rejects.toMatchObject(
        wrong,
      );
      await expect(ledger.drain("p1", { ...drained, secretHash: "hash-2" })).rejects.toMatchObject(wrong);
      await expect(ledger.release("p1", { ...how, secretHash: "hash-2" })).rejects.toMatchObject(wrong);
      expect(await held()).toEqual(["p0 held", "p1 held"]);
      expect((await ledger.snapshot()).leases.map(({ note }) => note)).toEqual([undefined, undefined]);
    });

    it("keeps it over a renewal and a drain", async () => {
      await ledger.renew("p1", 60_000, { kind: "unverified", detail: "no answer" }, "hash-1");
      await ledger.drain("p1", { ...drained, secretHash: "hash-1" });
      await expect(ledger.renew("p1", 60_000, null, "hash-2")).rejects.toMatchObject(wrong);
    });

    it("has only the last one that it was acquired with", async () => {
      await acquire("p1", "hash-2");
      await expect(ledger.renew("p1", 60_000, null, "hash-1")).rejects.toMatchObject(wrong);
      expect(await ledger.renew("p1", 60_000, null, "hash-2")).toMatchObject({ status: "renewed" });
    });

    it("keeps it when the controller restores the lease", async () => {
      await ledger.acquire(claim("p1", "n1"), { leaseMs: 60_000, mayWork: [], running: true });
      expect(await ledger.renew("p1", 60_000, null, "hash-1")).toMatchObject({ status: "renewed" });
    });

    it("needs none where none is asked for: the controller's evidence, a sidecar with the ledger's own password", async () => {
      expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed" });
      expect(await ledger.release("p1", how)).toMatchObject({ status: "released" });
    });
  });

  describe("a lease without a secret", () => {
    it("is unknown to a renewal that brings one, and not to be drained or released by it", async () => {
      expect(await ledger.renew("p0", 60_000, null, "hash-1")).toEqual({ status: "unknown" });
      await expect(ledger.drain("p0", { ...drained, secretHash: "hash-1" })).rejects.toMatchObject(wrong);
      await expect(ledger.release("p0", { ...how, secretHash: "hash-1" })).rejects.toMatchObject(wrong);
      expect(await held()).toEqual(["p0 held"]);
    });
  });

  describe("a place in the queue", () => {
    it("is given up only by whoever brings its secret", async () => {
      await attach(ledger, "p2", "n2");
      await ledger.acquire(claim("p3", "n3", { secretHash: "hash-3" }), how);
      await expect(ledger.release("p3", { ...how, secretHash: "hash-1" })).rejects.toMatchObject(wrong);
      expect((await ledger.snapshot()).waiters).toMatchObject([{ podUid: "p3" }]);
      expect(await ledger.release("p3", { ...how, secretHash: "hash-3" })).toMatchObject({ status: "released" });
    });
  });

  it("knows nothing to be renewed or released under a UID that is not there, whatever secret is brought", async () => {
    expect(await ledger.renew("p9", 60_000, null, "hash-1")).toEqual({ status: "unknown" });
    expect(await ledger.release("p9", { ...how, secretHash: "hash-1" })).toEqual({ status: "unknown" });
  });
});
