import type { Ledger } from "../../shared/ledger/port.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { aLease, anAttachment, aPool, aSnapshot, aWaiter } from "../support/cluster/snapshots.ts";

const nodes = 5000;
const leasesEach = 10;
const pools = 10;
const waiters = 200;

const range = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const ipOf = (index: number): string =>
  `203.${Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`;
const poolOf = (index: number): string => `pool-${index % pools}`;
const nodeOf = (index: number): string => `node-${index}`;

/** What a ledger of 5,000 nodes with an address each, 50,000 leases and 200 waiting pods answers; `release` ends a lease. */
export function largeLedger() {
  let now = 1_700_000_000_000;
  const listeners = new Set<(machine: string, due: boolean) => void>();
  const of = new Map(range(nodes, (index) => [nodeOf(index), recordsOf(index)]));
  const addresses = range(nodes, (index) => ({
    pool: poolOf(index),
    id: ipOf(index),
    ip: ipOf(index),
    state: "used" as const,
  }));
  const waiting = range(waiters, (index) =>
    aWaiter(`waiter-${index}`, nodeOf(index), {
      pool: poolOf(index),
      position: 1 + Math.floor(index / pools),
      sinceMs: now - 60_000,
    }),
  );
  const snapshotOf = (machines: readonly ReturnType<typeof recordsOf>[], more: Partial<Snapshot> = {}): Snapshot =>
    aSnapshot({
      nowMs: now,
      pools: [],
      nodes: machines.map(({ node }) => node),
      attachments: machines.map(({ attachment }) => attachment),
      leases: machines.flatMap(({ leases }) => leases),
      ...more,
    });

  function recordsOf(index: number) {
    const name = nodeOf(index);
    const machine = { id: name, providerId: `memory:///${name}` };
    const lease = (nth: number) =>
      aLease(`uid-${index}-${nth}`, name, {
        pod: `apps/web-${index}-${nth}`,
        pool: poolOf(index),
        sinceMs: now - 1000 * index - nth,
      });
    return {
      node: { name, uid: name, cloud: "memory" as const, region: "local", machine, ready: true },
      attachment: anAttachment(name, ipOf(index), { pool: poolOf(index), sinceMs: now - 1000 * index }),
      leases: range(leasesEach, lease),
    };
  }

  const ledger: Pick<Ledger, "snapshot" | "look" | "figures" | "onChange" | "lease" | "history"> = {
    snapshot: async () => {
      const all = range(pools, (index) => aPool({ name: poolOf(index) }));
      return structuredClone(snapshotOf([...of.values()], { pools: all, addresses, waiters: waiting }));
    },
    look: async (machine) => structuredClone(snapshotOf([of.get(machine) ?? recordsOf(0)])),
    figures: async () => ({
      nowMs: now,
      epoch: "1",
      pools: range(pools, (index) => ({
        name: poolOf(index),
        addresses: { free: 0, used: nodes / pools, taken: 0, out: 0 },
        holders: [],
      })),
      waiters: structuredClone(waiting),
    }),
    onChange: async (listener) => {
      listeners.add(listener);
      return async () => void listeners.delete(listener);
    },
    lease: async () => ({ ip: null }),
    history: async () => [],
  };
  return {
    ledger,
    release(index: number) {
      now += 1000;
      of.get(nodeOf(index))?.leases.pop();
      for (const listener of listeners) listener(nodeOf(index), false);
    },
  };
}
