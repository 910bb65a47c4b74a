import { addressState, type AddressState } from "../../shared/inspection/address-state.ts";
import type { LedgerFigures, Snapshot } from "../../shared/ledger/records.ts";

/** What a node carries. */
interface Carried {
  readonly node: string;
  readonly pool: string | null;
  readonly address: string | null;
  readonly state: AddressState;
  readonly pods: readonly string[];
}

interface Waited {
  readonly pod: string;
  readonly pool: string;
  readonly position: number;
  readonly reason: string;
}

/** Something that has changed: an address of a node, or a pod that waits or waits no longer. */
export type Change =
  | ({ readonly kind: "node"; readonly was: AddressState | null } & Carried)
  | ({ readonly kind: "waits" } & Waited)
  | ({ readonly kind: "waits no longer" } & Waited);

/** Remembers what it saw last; `takeIn` answers what is different now. */
export interface Seen {
  /** `looks`: machines, and what `look` has answered of each. */
  takeIn(looks: ReadonlyMap<string, Snapshot>, figures: Pick<LedgerFigures, "waiters">): Change[];
}

/** Only of one pool, if `pool` is given. */
export function createSeen(pool: string | undefined): Seen {
  const nodes = new Map<string, Carried>();
  let waiting = new Map<string, Waited>();

  function nodeChange(machine: string, snapshot: Snapshot): Change[] {
    const before = nodes.get(machine);
    const now = carriedOf(machine, snapshot);
    nodes.set(machine, now);
    if (JSON.stringify(before) === JSON.stringify(now)) return [];
    if (before === undefined && now.state === "free") return [];
    if (pool !== undefined && now.pool !== pool && before?.pool !== pool) return [];
    return [{ kind: "node", was: before?.state ?? null, ...now }];
  }

  return {
    takeIn(looks, { waiters }) {
      const before = waiting;
      waiting = new Map(
        waiters
          .filter((waiter) => pool === undefined || waiter.pool === pool)
          .map(({ podUid, pod, pool, position, reason }) => [podUid, { pod, pool, position, reason }]),
      );
      const came = [...waiting].filter(([uid, now]) => JSON.stringify(before.get(uid)) !== JSON.stringify(now));
      const went = [...before].filter(([uid]) => !waiting.has(uid));
      return [
        ...[...looks].flatMap(([machine, snapshot]) => nodeChange(machine, snapshot)),
        ...went.map(([, waited]): Change => ({ kind: "waits no longer", ...waited })),
        ...came.map(([, waited]): Change => ({ kind: "waits", ...waited })),
      ];
    },
  };
}

function carriedOf(machine: string, { attachments, leases, nodes }: Snapshot): Carried {
  const attachment = attachments[0];
  return {
    node: attachment?.node ?? nodes[0]?.name ?? machine,
    pool: attachment?.pool ?? null,
    address: attachment?.address.ip ?? null,
    state: addressState(attachment, leases),
    pods: leases.map(({ pod }) => pod).toSorted(),
  };
}

/** A line for people. */
export function changeText(change: Change): string {
  if (change.kind === "waits no longer") return `${change.pod} waits no longer for pool ${change.pool}`;
  if (change.kind === "waits") {
    const place = change.position > 0 ? ` #${change.position}` : "";
    return `${change.pod} waits for pool ${change.pool}${place}: ${change.reason}`;
  }
  const { node, pool, address, was, state, pods } = change;
  const path = was === null || was === state ? state : `${was} -> ${state}`;
  const what = address === null ? "" : ` ${address} of ${pool}`;
  return `node ${node}${what}: ${path}${pods.length === 0 ? "" : `: ${pods.join(", ")}`}`;
}
