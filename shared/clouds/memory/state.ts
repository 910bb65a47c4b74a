/** A machine of the in-memory cloud, as it is made. */
export interface MemoryNodeSpec {
  readonly name: string;
  /** Default public; without a route to the internet no public address has an effect. */
  readonly subnet?: "public" | "private";
  /** Default 1. With several, no ephemeral address comes back by itself, as on AWS. */
  readonly interfaces?: number;
  /** Default true: an ephemeral address while there is no other. */
  readonly ephemeral?: boolean;
  /** A reserved address of no pool that it carries. */
  readonly foreignIp?: string;
}

export interface MemoryNode {
  readonly name: string;
  readonly subnet: "public" | "private";
  readonly interfaces: number;
  readonly ephemeral: boolean;
  running: boolean;
  egressIp: string | null;
  kind: "ephemeral" | "reserved" | "none";
}

/** Everything the in-memory cloud knows; ephemeral addresses are of 198.18.0.0/16 and never come back twice. */
export interface MemoryState {
  readonly nodes: Map<string, MemoryNode>;
  /** Pool address to the name of the node that carries it, or "?" for something else. */
  readonly holders: Map<string, string>;
  /** Addresses that were released to the provider behind our back. */
  readonly gone: Set<string>;
  ephemeralCount: number;
}

export function emptyState(): MemoryState {
  return { nodes: new Map(), holders: new Map(), gone: new Set(), ephemeralCount: 0 };
}

export function putNode(state: MemoryState, spec: MemoryNodeSpec): MemoryNode {
  const node: MemoryNode = {
    name: spec.name,
    subnet: spec.subnet ?? "public",
    interfaces: spec.interfaces ?? 1,
    ephemeral: spec.ephemeral ?? spec.subnet !== "private",
    running: true,
    egressIp: spec.foreignIp ?? null,
    kind: spec.foreignIp === undefined ? "none" : "reserved",
  };
  state.nodes.set(node.name, node);
  if (node.kind === "none" && node.ephemeral) giveEphemeral(state, node);
  return node;
}

export function giveEphemeral(state: MemoryState, node: MemoryNode): void {
  state.ephemeralCount += 1;
  node.egressIp = `198.18.${state.ephemeralCount >> 8}.${state.ephemeralCount & 255}`;
  node.kind = "ephemeral";
}
