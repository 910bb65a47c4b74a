import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Snapshot } from "../../../shared/ledger/records.ts";
import type { Action } from "../../../webhook/controller/action.ts";
import { createObserver, type Observer } from "../../../webhook/controller/observer.ts";
import { aLease, anAttachment, aNode, aPod, aSnapshot, aWaiter, watched } from "../../support/cluster/snapshots.ts";

const row = (name: string) => {
  const machine = { id: name, providerId: `memory:///${name}` };
  return { name, uid: `uid-${name}`, cloud: "memory", region: "local", machine, ready: true } as const;
};
const slice = (name: string, ip: string | null, pods: readonly string[] = []): Snapshot =>
  aSnapshot({
    pools: [],
    nodes: [row(name)],
    attachments: ip === null ? [] : [anAttachment(name, ip)],
    leases: pods.map((uid) => aLease(uid, name)),
  });
const told = { pool: "partners", address: "203.0.113.1" };

describe("createObserver", () => {
  const nodes = new Map<string, ReturnType<typeof aNode>>();
  const pods = watched((pod) => pod.uid, [aPod("p", { address: told.address })]);
  let says: Map<string, Snapshot>;
  let looks: string[];
  let actions: Action[];
  let counts: Map<string, number>;
  let states: Map<string, number>;
  let known: boolean;
  let waits: number;
  let observer: Observer;
  let ending: AbortController;

  beforeEach(() => {
    vi.useFakeTimers();
    for (const name of ["a", "b"]) nodes.set(name, aNode(name, told));
    [looks, actions, counts, states, known, waits] = [[], [], new Map(), new Map(), true, 0];
    says = new Map([
      ["a", slice("a", told.address, ["p"])],
      ["b", slice("b", told.address)],
    ]);
    ending = new AbortController();
    observer = createObserver({
      ledger: {
        look: async (machine) => {
          looks.push(machine);
          return says.get(machine) ?? aSnapshot({ pools: [] });
        },
      },
      nodes: { get: (name) => nodes.get(name) },
      pods,
      known: () => known,
      epoch: () => "1",
      publisher: { publish: (more) => void actions.push(...more) },
      waits: () => void (waits += 1),
      metrics: {
        unavailable: () => undefined,
        nodesRefused: () => undefined,
        leasesOn: (_, node, count) => void counts.set(node, count),
        attachments: (_, state, by) => void states.set(state, (states.get(state) ?? 0) + by),
      },
      troubles: { tell: () => undefined },
      signal: ending.signal,
    });
    begin();
  });
  function begin(): void {
    const all = [...says.values()];
    observer.begin({
      ...aSnapshot(),
      nodes: all.flatMap((one) => one.nodes),
      attachments: all.flatMap((one) => one.attachments),
      leases: all.flatMap((one) => one.leases),
    });
  }
  afterEach(() => {
    ending.abort();
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const reasons = () => actions.map(({ event }) => `${event?.about.name} ${event?.reason}`);

  it("begins from a snapshot of everything, and asks the ledger nothing more", async () => {
    await pass(600_000);
    expect([looks, actions, [...counts]]).toEqual([[], [], [["a", 1]]]);
  });

  it("tells at its beginning what the cluster lacks, and again until it is there", async () => {
    nodes.set("a", aNode("a"));
    begin();
    expect(reasons()).toEqual(["a EgressAddressAttached"]);
    await pass(31_000);
    expect(actions).toHaveLength(2);
  });

  it("looks at what changed and at nothing else, and tells what is new of it", async () => {
    says.set("a", slice("a", "203.0.113.2", ["p"]));
    observer.changed("a");
    await pass(0);
    expect(looks).toEqual(["a"]);
    expect(reasons()).toEqual(["a EgressAddressAttached", "p EgressAddressChanged"]);
  });

  it("tells of a lease that has ended, and that nobody holds one there now", async () => {
    says.set("a", slice("a", told.address));
    observer.changed("a");
    await pass(0);
    expect(reasons()).toEqual(["p EgressReleased"]);
    expect(counts.get("a")).toBe(0);
  });

  it("counts the states of all addresses that are on nodes, and none once another replica leads", async () => {
    expect([...states]).toEqual([
      ["attached", 1],
      ["lingering", 1],
    ]);
    const [lease] = slice("a", told.address, ["p"]).leases;
    says.set("a", { ...slice("a", told.address), leases: lease ? [{ ...lease, state: "draining" }] : [] });
    says.set("b", slice("b", null));
    for (const machine of says.keys()) observer.changed(machine);
    await pass(0);
    const now = { attached: 0, draining: 1, lingering: 0 };
    expect(Object.fromEntries(states)).toEqual(now);
    observer.end();
    expect(Object.fromEntries(states)).toEqual({ ...now, draining: 0 });
  });

  it("tells again, without asking the ledger, what the cluster does not show after a while", async () => {
    const bare = aNode("a", { ...told, address: null });
    nodes.set("a", bare);
    observer.node(bare);
    await pass(0);
    expect(actions).toHaveLength(1);
    await pass(31_000);
    expect(actions).toHaveLength(2);
    nodes.set("a", aNode("a", told));
    await pass(100_000);
    expect([actions.length, looks]).toEqual([2, []]);
  });

  it("sees a pod's annotation that is another's, and leaves alone what is as it was told", async () => {
    observer.node(aNode("a", told));
    observer.pod(aPod("p", { address: told.address }));
    await pass(0);
    expect(actions).toEqual([]);
    observer.pod(aPod("stranger"));
    observer.pod(aPod("p", { address: "192.0.2.1" }));
    await pass(0);
    expect(looks).toEqual([]);
  });

  it("takes off a node what the ledger lacks only once the pool's inventory is known", async () => {
    known = false;
    says.set("b", slice("b", null));
    observer.changed("b");
    await pass(0);
    expect(actions).toEqual([]);
    known = true;
    observer.again();
    await pass(0);
    expect(actions.map(({ markNode }) => markNode)).toEqual([{ name: "b", pool: null, address: null }]);
  });

  it("says nothing by what a ledger of another epoch answers", async () => {
    says.set("a", { ...slice("a", null), epoch: "2" });
    observer.changed("a");
    await pass(0);
    expect(actions).toEqual([]);
  });

  it("says that pods wait on a machine, or have ceased to", async () => {
    says.set("b", { ...slice("b", told.address), waiters: [aWaiter("w", "b")] });
    observer.changed("b");
    await pass(0);
    expect(waits).toBe(1);
    says.set("b", slice("b", told.address));
    observer.changed("b");
    await pass(0);
    expect(waits).toBe(2);
  });
});
