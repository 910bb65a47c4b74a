import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestIdOf } from "../../../shared/clouds/gcp/request-id.ts";
import { assignment, type CloudUnderTest } from "./harness.ts";

const first = "203.0.113.8";
const ephemeral = /^198\.18\./;

/** What only GCE's swap of access configs can get wrong. */
export function gcpSwapCases(
  start: () => Promise<CloudUnderTest>,
  onAction: (action: string) => void = () => {},
  /** Whether the backend knows `stale-reads` by the number of answers, as our fakes do. */
  staleOnce = true,
): void {
  describe("gcp cloud's swap", () => {
    let under: CloudUnderTest;
    beforeEach(async () => {
      under = await start();
    });
    afterEach(async () => {
      for (const { action } of under.calls) onAction(action);
      await under.close();
    });
    const attach = async (node: string, ip: string) =>
      under.cloud.attach(under.pool(), await assignment(under, node, ip));
    const count = (action: string) => under.calls.filter((call) => call.action === action).length;

    it.each(["operation-error", "revoke"] as const)(
      "gives the ephemeral address back when the second half fails (%s)",
      async (kind) => {
        await under.fault({ kind, action: "instances.addAccessConfig", times: 1, code: "INVALID_FIELD_VALUE" });
        await expect(attach("node-1", first)).rejects.toMatchObject({ name: "EgressError" });
        expect(await under.egressIp("node-1")).toMatch(ephemeral);
        expect(await under.holder(first)).toBeNull();
        expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
      },
    );

    it("keeps trying the second half while it is throttled", async () => {
      await under.fault({ kind: "throttle", action: "instances.addAccessConfig", times: 2 });
      expect(await attach("node-1", first)).toMatchObject({ ip: first });
      expect(count("instances.addAccessConfig")).toBe(3);
    });

    it("changes nothing when the first half is throttled", async () => {
      await under.fault({ kind: "throttle", action: "instances.deleteAccessConfig", times: 1 });
      await expect(attach("node-1", first)).rejects.toMatchObject({ code: "CLOUD_THROTTLED" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
    });

    it("waits on when waiting itself fails", async () => {
      await under.fault({ kind: "drop-before", action: "zoneOperations.wait", times: 2 });
      expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
      expect(count("instances.deleteAccessConfig")).toBe(1);
    });

    it("calls a first half unknown that no answer came to", async () => {
      await under.fault({ kind: "drop-before", action: "instances.deleteAccessConfig", times: 3 });
      await expect(attach("node-1", first)).rejects.toMatchObject({ code: "CLOUD_UNKNOWN" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
    });

    it("removes an access config by whatever name it has", async () => {
      expect(await attach("renamed", first)).toEqual({ ip: first, hadEphemeral: true });
      expect(await under.egressIp("renamed")).toBe(first);
    });

    it("keeps the network tier of the address", async () => {
      const select = { tags: { pool: "standard" } };
      const [address] = await under.cloud.listAddresses(under.pool({ select }));
      const work = await assignment(under, "node-1", first);
      const { id, ip } = address ?? { id: "", ip: "" };
      await under.cloud.attach(under.pool({ select }), { ...work, address: { id, ip } });
      expect(await under.egressIp("node-1")).toBe("203.0.113.60");
    });

    it("remembers that a node had no address of its own", async () => {
      expect(await attach("bare", first)).toEqual({ ip: first, hadEphemeral: false });
      expect(await attach("bare", first)).toEqual({ ip: first, hadEphemeral: false });
      const work = await assignment(under, "bare", first);
      const result = await under.cloud.detach(under.pool(), { ...work, restoreEphemeral: false });
      expect(result).toEqual({ outcome: "detached", egressIp: null });
      expect(await under.egressIp("bare")).toBeNull();
    });

    describe("when adding an access config is not allowed any more, but deleting one is", () => {
      const deny = (times: number) => under.fault({ kind: "revoke", action: "instances.addAccessConfig", times });
      const strand = async () => {
        await deny(2);
        await expect(attach("node-1", first)).rejects.toMatchObject({ code: "NODE_WITHOUT_ADDRESS" });
        expect(await under.egressIp("node-1")).toBeNull();
      };
      /** As a ledger asks for it that never heard how the attach went. */
      const undo = async () =>
        under.cloud.detach(under.pool(), { ...(await assignment(under, "node-1", first)), restoreEphemeral: false });

      it("says that the node is without an address, and attaches once it is allowed", async () => {
        await strand();
        expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
      });

      it("gives the ephemeral address back once it is allowed, although nobody wants the static one any more", async () => {
        await strand();
        await deny(1);
        await expect(undo()).rejects.toMatchObject({ code: "CLOUD_DENIED" });
        expect(await undo()).toMatchObject({ outcome: "detached" });
        expect(await under.egressIp("node-1")).toMatch(ephemeral);
      });

      it("gives the ephemeral address back when the next attempt finds that the static one is taken", async () => {
        await strand();
        await attach("node-2", first);
        await expect(attach("node-1", first)).rejects.toMatchObject({ code: "ADDRESS_TAKEN" });
        expect(await under.egressIp("node-1")).toMatch(ephemeral);
      });

      it.runIf(staleOnce)("gives it back although a read still shows the address that was taken off", async () => {
        await deny(1);
        await under.fault({ kind: "stale-reads", action: "instances.get", times: 2 });
        await expect(attach("node-1", first)).rejects.toMatchObject({ code: "CLOUD_DENIED" });
        expect(await under.egressIp("node-1")).toMatch(ephemeral);
      });

      it.runIf(staleOnce)("does not take old state for the address that a detach has to give back", async () => {
        await attach("node-1", first);
        const work = await assignment(under, "node-1", first);
        await under.cloud.describeNode(work.machine.providerId);
        await deny(1);
        await under.fault({ kind: "stale-reads", action: "instances.get", times: 2 });
        await expect(under.cloud.detach(under.pool(), work)).rejects.toMatchObject({ code: "CLOUD_DENIED" });
        expect(await under.cloud.detach(under.pool(), work)).toMatchObject({ outcome: "detached" });
        expect(await under.egressIp("node-1")).toMatch(ephemeral);
      });

      it("does not give up while it cannot read whether the node lost an address", async () => {
        await strand();
        await under.fault({ kind: "revoke", action: "zoneOperations.list", times: 1 });
        await expect(attach("node-1", first)).rejects.toMatchObject({ code: "NODE_WITHOUT_ADDRESS" });
        expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
      });

      it("leaves it to whoever has the right to work", async () => {
        await strand();
        await attach("node-2", first);
        const late = { ...(await assignment(under, "node-1", first)), stillMine: () => false };
        await expect(under.cloud.attach(under.pool(), late)).rejects.toMatchObject({ code: "LOCK_LOST" });
        expect(await under.egressIp("node-1")).toBeNull();
      });
    });

    it("gives the ephemeral address back after an attach that nobody settled", async () => {
      await attach("node-1", first);
      const work = { ...(await assignment(under, "node-1", first)), restoreEphemeral: false };
      expect(await under.cloud.detach(under.pool(), work)).toMatchObject({ outcome: "detached" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
    });

    it("gives none to a node that had none, whatever the ledger thinks of it", async () => {
      await attach("bare", first);
      const work = await assignment(under, "bare", first);
      await under.cloud.detach(under.pool(), { ...work, restoreEphemeral: true });
      expect(await under.egressIp("bare")).toBeNull();
    });

    it.each(["attach", "detach"] as const)(
      "does not repeat the first half of an %s when the right to work has ended meanwhile",
      async (kind) => {
        if (kind === "detach") await attach("node-1", first);
        await under.fault({ kind: "drop-before", action: "instances.deleteAccessConfig", times: 1 });
        const stillMine = () => count("instances.deleteAccessConfig") === 0;
        const work = { ...(await assignment(under, "node-1", first)), stillMine };
        await expect(under.cloud[kind](under.pool(), work)).rejects.toMatchObject({ code: "CLOUD_UNKNOWN" });
        expect(count("instances.deleteAccessConfig")).toBe(1);
      },
    );

    it("gives the ephemeral address back when the right to work has ended half way", async () => {
      const work = await assignment(under, "node-1", first);
      const stillMine = () => count("instances.deleteAccessConfig") === 0;
      const attempt = under.cloud.attach(under.pool(), { ...work, stillMine });
      await expect(attempt).rejects.toMatchObject({ code: "LOCK_LOST" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
      expect(await under.holder(first)).toBeNull();
    });

    it("tells when the node's address has gone, and when there is one again", async () => {
      const seen: [boolean, number][] = [];
      const told = { publicAddress: (there: boolean) => void seen.push([there, under.calls.length]) };
      const work = await assignment(under, "node-1", first);
      await under.cloud.attach(under.pool(), { ...work, ...told });
      const release = await assignment(under, "node-1", first);
      await under.cloud.detach(under.pool(), { ...release, ...told });
      const [swapped, back, taken, given] = seen.map(([, calls]) => calls) as [number, number, number, number];
      expect(seen.map(([there]) => there)).toEqual([false, true, false, true]);
      expect(back - swapped).toBeGreaterThanOrEqual(2); // the second operation, and waiting for it
      expect(given - taken).toBeGreaterThanOrEqual(2);
    });

    it("does not touch another machine behind the same name", async () => {
      const work = await assignment(under, "node-1", first);
      const machine = { ...work.machine, id: "node-1.42" };
      const attempt = under.cloud.attach(under.pool(), { ...work, machine });
      await expect(attempt).rejects.toMatchObject({ code: "NODE_UNKNOWN" });
      expect(await under.cloud.detach(under.pool(), { ...work, machine })).toMatchObject({ outcome: "absent" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
    });

    it("stops waiting when it is aborted, and finishes what it began", async () => {
      const stop = new AbortController();
      const work = await assignment(under, "node-1", first);
      const attempt = under.cloud.attach(under.pool(), work, stop.signal);
      await expect.poll(() => count("instances.deleteAccessConfig"), { interval: 1 }).toBe(1);
      stop.abort();
      await expect(attempt).rejects.toMatchObject({ code: "CLOUD_UNKNOWN" });
      await expect.poll(() => under.egressIp("node-1")).toBe(first);
    });
  });

  describe("requestIdOf", () => {
    it("is a UUID, the same for the same step of an attempt and another for any other", () => {
      const id = requestIdOf("swap", "1.7", "node-1.42");
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(requestIdOf("swap", "1.7", "node-1.42")).toBe(id);
      const others = [
        requestIdOf("add", "1.7", "node-1.42"),
        requestIdOf("swap", "1.8", "node-1.42"),
        requestIdOf("swap", "1.7", "node-1.43"),
      ];
      expect(new Set([id, ...others]).size).toBe(4);
    });
  });
}
