import type { Attachment, Lease, NodeEntry, Snapshot } from "../../shared/ledger/records.ts";

/**
 * `draining`: every lease on the node is. `lingering`: no lease any more, and the address stays for the pool's
 * lingerSeconds. `kept`: no lease, and the address stays as the node would lose its way out. `free`: nothing attached.
 */
export type NodeState = "free" | "attaching" | "attached" | "draining" | "lingering" | "detaching" | "kept";

export interface NodeRow {
  readonly node: string;
  readonly machine: string;
  readonly pool: string | null;
  readonly address: string | null;
  readonly state: NodeState;
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
  const { nodes, attachments, leases, problems, nowMs } = snapshot;
  const attachmentOf = new Map(attachments.map((attachment) => [attachment.machine.id, attachment]));
  const listed = new Set(nodes.map(({ machine }) => machine.id));
  const gone = attachments.filter(({ machine }) => !listed.has(machine.id));
  const row = (entry: Pick<NodeEntry, "name" | "machine" | "ready">): NodeRow => {
    const { id } = entry.machine;
    const attachment = attachmentOf.get(id);
    const held = leases.filter(({ machine }) => machine === id);
    const problem = problems.find(({ machine, untilMs }) => machine === id && untilMs > nowMs);
    return {
      node: entry.name,
      machine: id,
      pool: attachment?.pool ?? null,
      address: attachment?.address.ip ?? null,
      state: stateOf(attachment, held),
      leases: held.length,
      sinceMs: attachment?.sinceMs ?? null,
      fence: attachment?.fence || null,
      ready: entry.ready,
      problem: problem === undefined ? null : `${problem.code}: ${problem.message}`,
    };
  };
  return [
    ...nodes.map(row),
    ...gone.map(({ node, machine }) => row({ name: `${node} (gone)`, machine, ready: false })),
  ].toSorted((a, b) => a.node.localeCompare(b.node, "en", { numeric: true }));
}

function stateOf(attachment: Attachment | undefined, leases: readonly Lease[]): NodeState {
  if (attachment === undefined) return "free";
  if (attachment.state !== "attached") return attachment.state;
  if (leases.length === 0) return "lingering";
  return leases.every(({ state }) => state === "draining") ? "draining" : "attached";
}
