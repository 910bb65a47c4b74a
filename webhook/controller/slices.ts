import type { Snapshot } from "../../shared/ledger/records.ts";

type Slice = { -readonly [K in "nodes" | "attachments" | "leases" | "waiters" | "problems"]: Snapshot[K][number][] };

/** A snapshot of everything, machine by machine: each as the ledger's `look` answers it. */
export function machinesOf(snapshot: Snapshot): Map<string, Snapshot> {
  const slices = new Map<string, Slice>();
  const of = (machine: string): Slice => {
    const slice = slices.get(machine) ?? { nodes: [], attachments: [], leases: [], waiters: [], problems: [] };
    slices.set(machine, slice);
    return slice;
  };
  const names = new Map<string, string>();
  for (const attachment of snapshot.attachments) {
    of(attachment.machine.id).attachments.push(attachment);
    names.set(attachment.node, attachment.machine.id);
  }
  for (const node of snapshot.nodes) {
    of(node.machine.id).nodes.push(node);
    names.set(node.name, node.machine.id);
  }
  for (const lease of snapshot.leases) of(lease.machine).leases.push(lease);
  for (const problem of snapshot.problems) of(problem.machine).problems.push(problem);
  for (const waiter of snapshot.waiters) {
    const machine = names.get(waiter.node);
    if (machine !== undefined) of(machine).waiters.push(waiter);
  }
  const { nowMs, epoch } = snapshot;
  return new Map(
    [...slices].map(([machine, slice]) => [machine, { nowMs, epoch, pools: [], addresses: [], ...slice }]),
  );
}
