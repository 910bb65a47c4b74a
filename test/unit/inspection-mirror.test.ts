import { setTimeout as after } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { EgressError } from "../../shared/errors.ts";
import { createMirror, type Changed } from "../../webhook/inspection/mirror.ts";
import { inspectedLedger } from "../support/inspection-scene.ts";
import { claim, how, inventory } from "../support/ledger-cases.ts";

async function mirrored(pace: Parameters<typeof createMirror>[0]["pace"] = {}) {
  const { ledger } = await inspectedLedger();
  const calls: string[] = [];
  let broken = false;
  const counted = new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        calls.push(name);
        if (broken) return Promise.reject(new EgressError("LEDGER_UNREACHABLE", "gone"));
        return method.apply(target, args);
      };
    },
  });
  const fast = { everyMs: 5, figuresMs: 10_000, idleMs: 60_000, fullMs: 300_000, betweenFullMs: 0, ...pace };
  const mirror = createMirror({ ledger: counted, clock: Date.now, onError: () => undefined, pace: fast });
  onTestFinished(() => mirror.close());
  const breakDown = (is: boolean) => {
    broken = is;
  };
  return { ledger, mirror, calls, breakDown };
}

describe("createMirror", () => {
  it("asks nothing before anybody looks, and one snapshot for all who look then", async () => {
    const { mirror, calls } = await mirrored();
    await after(20);
    expect(calls).toEqual([]);
    const [one, two] = await Promise.all([mirror.read(), mirror.read()]);
    expect(two).toBe(one);
    expect(calls).toEqual(["onChange", "snapshot"]);
  });

  it("asks nothing while nothing changes", async () => {
    const { mirror, calls } = await mirrored();
    mirror.onChange(() => undefined);
    const before = await mirror.read();
    await after(30);
    expect(await mirror.read()).toBe(before);
    expect(calls).toEqual(["onChange", "snapshot"]);
  });

  it("after changes says as the ledger does, without another snapshot, and tells what changed", async () => {
    const { ledger, mirror, calls } = await mirrored();
    const heard = new Set<Changed>();
    mirror.onChange((changed) => changed.forEach((kind) => heard.add(kind)));
    await mirror.read();
    await ledger.release("p2", { mayWork: [] });
    await ledger.acquire(claim("p4", "n1"), how);
    await ledger.release("p3", { mayWork: [] });
    await vi.waitFor(async () => {
      const { nowMs: _nowMs, ...known } = await mirror.read();
      const { nowMs, ...really } = await ledger.snapshot();
      expect(nowMs).toBeGreaterThan(0);
      expect(known).toEqual(really);
    });
    expect(calls.filter((name) => name === "snapshot")).toHaveLength(1);
    expect([...heard]).toEqual(expect.arrayContaining(["nodes", "leases", "waiting"]));
  });

  it("finds addresses that an inventory has brought", async () => {
    const { ledger, mirror } = await mirrored({ figuresMs: 0 });
    mirror.onChange(() => undefined);
    expect((await mirror.read()).addresses).toHaveLength(2);
    await ledger.putInventory("partners", inventory(3, { a1: "i-n1", a2: "i-n2" }), await ledger.now());
    await vi.waitFor(async () => expect((await mirror.read()).addresses).toHaveLength(3));
  });

  it("lets go when nobody looks any more", async () => {
    const { ledger, mirror, calls } = await mirrored({ idleMs: 0 });
    await mirror.read();
    await after(30);
    calls.length = 0;
    await ledger.acquire(claim("p4", "n1"), how);
    await after(30);
    expect(calls).toEqual([]);
    await mirror.read();
    expect(calls).toContain("snapshot");
  });

  it("answers with the ledger's error rather than with what it knew, until the ledger answers again", async () => {
    const { mirror, breakDown } = await mirrored({ figuresMs: 0 });
    mirror.onChange(() => undefined);
    await mirror.read();
    breakDown(true);
    await vi.waitFor(() => expect(mirror.read()).rejects.toMatchObject({ code: "LEDGER_UNREACHABLE" }));
    breakDown(false);
    await vi.waitFor(async () => expect((await mirror.read()).leases).toHaveLength(2));
  });
});
