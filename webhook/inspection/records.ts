import type { Attachment, Lease, LedgerAddress, LedgerFigures, Snapshot, Waiter } from "../../shared/ledger/records.ts";

/** The ledger's records by machine, so that what one `look` answers takes the place of what was known of that machine. */
export interface MirrorRecords {
  pools: Snapshot["pools"];
  /** As the last full read had them; who carries which is in `machines`. */
  addresses: Snapshot["addresses"];
  machines: Map<string, OfMachine>;
  waiters: readonly Waiter[];
}

interface OfMachine {
  readonly node: Snapshot["nodes"][number] | undefined;
  readonly attachment: Attachment | undefined;
  readonly leases: readonly Lease[];
  readonly problem: Snapshot["problems"][number] | undefined;
}

export function recordsOf(snapshot: Snapshot): MirrorRecords {
  const { pools, addresses, waiters } = snapshot;
  const parts = new Map<string, { -readonly [K in keyof OfMachine]: OfMachine[K] } & { leases: Lease[] }>();
  const of = (machine: string) => {
    const known = parts.get(machine) ?? { node: undefined, attachment: undefined, leases: [], problem: undefined };
    parts.set(machine, known);
    return known;
  };
  for (const node of snapshot.nodes) of(node.machine.id).node = node;
  for (const attachment of snapshot.attachments) of(attachment.machine.id).attachment = attachment;
  for (const lease of snapshot.leases) of(lease.machine).leases.push(lease);
  for (const problem of snapshot.problems) of(problem.machine).problem = problem;
  return { pools, addresses, machines: parts, waiters };
}

/** Takes in what `look` has answered of a machine. */
export function takeIn(records: MirrorRecords, machine: string, look: Snapshot): void {
  const [node] = look.nodes;
  const [attachment] = look.attachments;
  const [problem] = look.problems;
  const { leases } = look;
  if (node === undefined && attachment === undefined && leases.length === 0) records.machines.delete(machine);
  else records.machines.set(machine, { node, attachment, leases, problem });
}

/** As a snapshot at `nowMs`. Leases say as of when they were read until when they are. */
export function snapshotOf(records: MirrorRecords, epoch: string, nowMs: number): Snapshot {
  const machines = [...records.machines.values()];
  const attachments = machines.flatMap(({ attachment }) => attachment ?? []);
  return {
    nowMs,
    epoch,
    pools: records.pools,
    nodes: machines.flatMap(({ node }) => node ?? []),
    addresses: addressesOf(records.addresses, attachments),
    attachments,
    leases: machines.flatMap(({ leases }) => leases),
    waiters: records.waiters,
    problems: machines.flatMap(({ problem }) => problem ?? []),
  };
}

function addressesOf(known: readonly LedgerAddress[], attachments: readonly Attachment[]): LedgerAddress[] {
  const carried = new Set(attachments.map(({ address }) => address.id));
  return known.flatMap((address): LedgerAddress[] => {
    if (carried.has(address.id)) return [address.state === "out" ? address : { ...address, state: "used" }];
    if (address.state === "out") return []; // its last lease has ended
    return [address.state === "used" ? { ...address, state: "free" } : address];
  });
}

/** Whether the ledger counts other addresses than these: an inventory has brought some, or taken some away. */
export function countsDiffer(addresses: readonly LedgerAddress[], pools: LedgerFigures["pools"]): boolean {
  const counts = new Map<string, number>();
  const count = (key: string, by: number) => counts.set(key, (counts.get(key) ?? 0) + by);
  for (const { pool, state } of addresses) count(`${pool} ${state}`, 1);
  for (const { name, addresses: states } of pools) {
    for (const [state, is] of Object.entries(states)) count(`${name} ${state}`, -is);
  }
  return [...counts.values()].some((difference) => difference !== 0);
}
