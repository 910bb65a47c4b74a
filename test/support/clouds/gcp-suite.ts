import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestIdOf } from "../../../shared/clouds/gcp/request-id.ts";
import { assignment, type CloudUnderTest } from "./harness.ts";

const first = "203.0.113.8";
const ephemeral = /^198\.18\./;

/** What only GCE's swap of access configs can get wrong. */
export function gcpSwapCases(
  start: () => Promise<CloudUnderTest>,
  onAction: (action: string) => void = () => {},
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

    it("finds out that a node lost its address to a swap whose actor died", async () => {
      // Neither the second half nor the ephemeral address gets through, as when the actor is gone.
      await under.fault({ kind: "revoke", action: "instances.addAccessConfig", times: 2 });
      await expect(attach("node-1", first)).rejects.toMatchObject({ code: "CLOUD_UNKNOWN" });
      expect(await under.egressIp("node-1")).toBeNull();
      expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
    });

    it("gives the ephemeral address back that a dead detach left out", async () => {
      await attach("node-1", first);
      await under.fault({ kind: "revoke", action: "instances.addAccessConfig", times: 1 });
      const detach = async () => under.cloud.detach(under.pool(), await assignment(under, "node-1", first));
      await expect(detach()).rejects.toMatchObject({ code: "CLOUD_DENIED" });
      expect(await detach()).toMatchObject({ outcome: "detached" });
      expect(await under.egressIp("node-1")).toMatch(ephemeral);
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
