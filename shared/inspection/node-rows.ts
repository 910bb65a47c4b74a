import type { NodeEntry, Snapshot } from "../ledger/records.ts";
import { addressState, type AddressState } from "./address-state.ts";
import { byMachine } from "./by-machine.ts";

export interface NodeRow {
  readonly node: string;
  readonly machine: string;
  readonly pool: string | null;
  readonly address: string | null;
  /** Of the address on it; `free`: it carries none. */
  readonly state: AddressState;
  readonly leases: number;
  /** When the attachment came into its state (Unix ms of the ledger's clock); null without one. */
  readonly sinceMs: number | null;
  readonly fence: string | null;
  readonly ready: boolean;
  /** Why nothing is attached to it now, and until when nobody tries. */
  readonly problem: string | null;
}

/** Each node of the directory, and machines that carry an address without being in it, by name. */
export function nodeRows(snapshot: Snapshot): NodeRow[] {
  const { nodes, attachments, problems, nowMs } = snapshot;
  const on = byMachine(snapshot);
  const listed = new Set(nodes.map(({ machine }) => machine.id));
  const gone = attachments.filter(({ machine }) => !listed.has(machine.id));
  const current = new Map(
    problems.filter(({ untilMs }) => untilMs > nowMs).map((problem) => [problem.machine, problem]),
  );
  const row = (entry: Pick<NodeEntry, "name" | "machine" | "ready">): NodeRow => {
    const { id } = entry.machine;
    const { attachment, leases } = on(id);
    const problem = current.get(id);
    return {
      node: entry.name,
      machine: id,
      pool: attachment?.pool ?? null,
      address: attachment?.address.ip ?? null,
      state: addressState(attachment, leases),
      leases: leases.length,
      sinceMs: attachment?.sinceMs ?? null,
      fence: attachment?.fence || null,
      ready: entry.ready,
      problem: problem === undefined ? null : `${problem.code}: ${problem.message}`,
    };
  };
  return [
    ...nodes.map(row),
    ...gone.map(({ node, machine }) => row({ name: `${node} (gone)`, machine, ready: false })),
  ].toSorted((a, b) => byNumber.compare(a.node, b.node));
}

const byNumber = new Intl.Collator("en", { numeric: true });
