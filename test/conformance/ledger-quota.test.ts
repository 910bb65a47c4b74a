import { beforeEach, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { claim, how, inventory, jobOf, node, pool, putIntoUse } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger, a pool with maxAddressesPerNamespace", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  const of = (namespace: string, uid: string, on: string) =>
    claim(uid, on, { pod: `${namespace}/${uid}`, serviceAccount: `${namespace}/default` });
  const acquire = (namespace: string, uid: string, on: string, running = false) =>
    ledger.acquire(of(namespace, uid, on), { ...how, running });
  async function attach(namespace: string, uid: string, on: string): Promise<void> {
    const { machine, fence } = jobOf(await acquire(namespace, uid, on));
    await ledger.settle(machine.id, fence, { outcome: "attached", hadEphemeral: true });
  }
  const detach = async (machine: string) => {
    const job = await ledger.begin(machine);
    await ledger.settle(machine, job?.fence ?? "", { outcome: "detached" });
  };
  const counted = async () =>
    (await ledger.snapshot()).attachments.map((each) => `${each.node} ${each.namespace ?? "-"}`).toSorted();
  /** Counts wake-ups of a pod. */
  async function listen(uid: string): Promise<() => number> {
    let count = 0;
    await ledger.onWake(uid, () => (count += 1));
    return () => count;
  }

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
    await ledger.putPools([pool({ lingerSeconds: 30, maxAddressesPerNamespace: 1 })]);
    await ledger.putNode(node("n4"));
    await ledger.putInventory("partners", inventory(3), await ledger.now());
  });

  it("lets a pod wait whose namespace has as many, says which, and gives the address to another namespace", async () => {
    await attach("apps", "a1", "n1");
    expect(await acquire("apps", "a2", "n2")).toMatchObject({
      status: "waiting",
      reason: "quota",
      detail: "namespace 'apps' has 1 addresses of pool 'partners', and may have 1: 203.0.113.1 on node n1",
    });
    expect((await ledger.snapshot()).waiters).toMatchObject([{ podUid: "a2", reason: "quota", position: 0 }]);
    expect(await acquire("shop", "s1", "n3")).toMatchObject({ status: "work" });
  });

  it("lets a pod join an address that its node has already, whoever's", async () => {
    await attach("apps", "a1", "n1");
    await attach("shop", "s1", "n2");
    expect(await acquire("apps", "a2", "n1")).toMatchObject({ status: "attached" });
    expect(await acquire("apps", "a3", "n2")).toMatchObject({ status: "attached" });
    expect(await counted()).toEqual(["n1 apps", "n2 shop"]);
  });

  it("counts an address that lingers, and wakes who waits when it has been given back", async () => {
    await attach("apps", "a1", "n1");
    await acquire("apps", "a2", "n2");
    const woken = await listen("a2");
    await ledger.release("a1", how);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ reason: "quota" });
    expect(woken()).toBe(0);
    await timed.pass(30_000);
    await detach("i-n1");
    await expect.poll(woken).toBeGreaterThan(0);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ status: "work" });
  });

  it("counts an address for whose pods are left on it, and wakes who waits for that", async () => {
    await attach("apps", "a1", "n1");
    await acquire("shop", "s1", "n1");
    await acquire("apps", "a2", "n2");
    const woken = await listen("a2");
    await ledger.release("a1", how);
    expect(await counted()).toEqual(["n1 shop"]);
    await expect.poll(woken).toBeGreaterThan(0);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ status: "work" });
    expect(await acquire("shop", "s2", "n3")).toMatchObject({ reason: "quota" });
  });

  it("counts a lingering address for the namespace that takes it up", async () => {
    await attach("apps", "a1", "n1");
    await ledger.release("a1", how);
    await acquire("shop", "s1", "n1");
    expect(await counted()).toEqual(["n1 shop"]);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ status: "work" });
  });

  it("counts an adopted address for nobody before its first lease", async () => {
    await timed.pass(60_000);
    await ledger.putInventory("partners", inventory(3, { a1: "i-n1" }), await ledger.now());
    expect(await counted()).toEqual(["n1 -"]);
    await acquire("apps", "a1", "n1");
    expect(await counted()).toEqual(["n1 apps"]);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ reason: "quota" });
  });

  it("refuses no pod that runs", async () => {
    await attach("apps", "a1", "n1");
    expect(await acquire("apps", "a2", "n2", true)).toMatchObject({ status: "work" });
    expect(await counted()).toEqual(["n1 apps", "n2 apps"]);
  });

  it("lets no pod at its quota stand in another one's way", async () => {
    await attach("apps", "a1", "n1");
    await acquire("apps", "a2", "n2");
    await attach("shop", "s1", "n3");
    await timed.pass(10);
    expect(await acquire("bank", "b1", "n4")).toMatchObject({ status: "work" });
  });

  it("goes by a quota that is raised", async () => {
    await attach("apps", "a1", "n1");
    await acquire("apps", "a2", "n2");
    const woken = await listen("a2");
    await ledger.putPools([pool({ lingerSeconds: 30, maxAddressesPerNamespace: 2 })]);
    await expect.poll(woken).toBeGreaterThan(0);
    expect(await acquire("apps", "a2", "n2")).toMatchObject({ status: "work" });
  });
});
