import type { Attachment, Lease, Snapshot } from "../ledger/records.ts";

/** A machine's attachment and the leases on it. */
export interface OnMachine {
  readonly attachment: Attachment | undefined;
  readonly leases: readonly Lease[];
}

const nothing: OnMachine = { attachment: undefined, leases: [] };

/** Looks up what is on a machine; made in one pass, for a snapshot of any size. */
export function byMachine({
  attachments,
  leases,
}: Pick<Snapshot, "attachments" | "leases">): (machine: string) => OnMachine {
  const on = new Map<string, { attachment: Attachment | undefined; leases: Lease[] }>();
  for (const attachment of attachments) on.set(attachment.machine.id, { attachment, leases: [] });
  for (const lease of leases) {
    const row = on.get(lease.machine) ?? { attachment: undefined, leases: [] };
    row.leases.push(lease);
    on.set(lease.machine, row);
  }
  return (machine) => on.get(machine) ?? nothing;
}
