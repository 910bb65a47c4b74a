import { addressState } from "../../shared/inspection/address-state.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import type { ClusterNode, ClusterPod, Watched } from "./cluster/port.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";
import type { Publisher } from "./publisher.ts";
import { machinesOf } from "./slices.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface ObserverOptions {
  readonly ledger: Pick<Ledger, "look">;
  readonly nodes: Pick<Watched<ClusterNode>, "get">;
  readonly pods: Pick<Watched<ClusterPod>, "get">;
  readonly known: (pool: string) => boolean;
  /** What a ledger of another epoch says is not acted upon. */
  readonly epoch: () => string | undefined;
  readonly publisher: Pick<Publisher, "publish">;
  /** Called when pods wait on a machine, or have ceased to. */
  readonly waits: () => void;
  readonly metrics: Pick<ControllerMetrics, "leasesOn" | "attachments" | "unavailable" | "nodesRefused">;
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

/** Tells the cluster what the ledger says, machine by machine. Remembers the last word on each, so that a change costs one look. */
export interface Observer {
  /** All that the ledger holds now: what was remembered is replaced. */
  begin(snapshot: Snapshot): void;
  /** The ledger says something new of this machine. */
  changed(machine: string): void;
  /** The cluster's node or pod is as follows: looked at again where that is not what was last told. Asks no ledger. */
  node(node: ClusterNode): void;
  pod(pod: ClusterPod): void;
  /** Everything is held against the cluster once more. Asks no ledger. */
  again(): void;
  /** Another replica's figures are the true ones from now on. */
  end(): void;
  idle(): Promise<void>;
}

/** The watch shows our own writes within moments; what it does not show by then is told again. */
const againMs = 31_000;

export function createObserver(options: ObserverOptions): Observer {
  const { ledger, nodes, pods, known, epoch, publisher, waits, metrics, troubles, signal } = options;
  const slices = new Map<string, Snapshot>();
  const machineOfNode = new Map<string, string>();
  const machineOfPod = new Map<string, string>();
  const unread = new Set<string>();
  const problems = new Map<string, number>();

  function count(slice: Snapshot | undefined, others: Snapshot | undefined): void {
    const [lease] = slice?.leases ?? [];
    const [other] = others?.leases ?? [];
    if (other !== undefined && (other.pool !== lease?.pool || other.node !== lease.node))
      metrics.leasesOn(other.pool, other.node, 0);
    if (lease !== undefined) metrics.leasesOn(lease.pool, lease.node, slice?.leases.length ?? 0);
  }

  function countAttachments(slice: Snapshot | undefined, before: Snapshot | undefined): void {
    const change = (snapshot: Snapshot | undefined, by: 1 | -1): void => {
      for (const attachment of snapshot?.attachments ?? [])
        metrics.attachments(attachment.pool, addressState(attachment, snapshot?.leases ?? []), by);
    };
    change(before, -1);
    change(slice, 1);
  }

  function countNotes(slice: Snapshot, before: Snapshot | undefined): void {
    const of = ({ leases, waiters }: Pick<Snapshot, "leases" | "waiters">) => [...leases, ...waiters];
    const noted = new Set(of(before ?? slice).map(({ podUid, note }) => `${podUid} ${note?.kind ?? ""}`));
    for (const { podUid, pool, note } of of(slice)) {
      if (note !== undefined && !noted.has(`${podUid} ${note.kind}`)) metrics.unavailable(pool, note.kind);
    }
  }

  function countProblems(slice: Snapshot | undefined, before: Snapshot | undefined): void {
    const change = (snapshot: Snapshot | undefined, by: 1 | -1): void => {
      for (const { code } of snapshot?.problems ?? []) problems.set(code, (problems.get(code) ?? 0) + by);
    };
    change(before, -1);
    change(slice, 1);
    for (const { code } of [...(before?.problems ?? []), ...(slice?.problems ?? [])]) {
      metrics.nodesRefused(code, problems.get(code) ?? 0);
    }
  }

  function remember(machine: string, slice: Snapshot): void {
    const before = slices.get(machine);
    for (const { podUid } of before?.leases ?? []) machineOfPod.delete(podUid);
    for (const { podUid } of slice.leases) machineOfPod.set(podUid, machine);
    for (const { name } of before?.nodes ?? []) if (machineOfNode.get(name) === machine) machineOfNode.delete(name);
    for (const { name } of slice.nodes) machineOfNode.set(name, machine);
    count(slice, before);
    countAttachments(slice, before);
    countNotes(slice, before);
    countProblems(slice, before);
    const { nodes: rows, attachments, leases, waiters } = slice;
    const isEmpty = [rows, attachments, leases, waiters, slice.problems].every((list) => list.length === 0);
    if (isEmpty) slices.delete(machine);
    else slices.set(machine, slice);
    if (slice.waiters.length > 0 || (before?.waiters.length ?? 0) > 0) waits();
  }

  function tell(previous: Snapshot | null, slice: Snapshot): number {
    const own = slice.nodes.flatMap(({ name }) => nodes.get(name) ?? []);
    const actions = observe(previous, slice, { nodes: { get: nodes.get, list: () => own }, pods, known });
    publisher.publish(actions);
    return actions.length;
  }

  async function run(machine: string): Promise<number | undefined> {
    const before = slices.get(machine) ?? null;
    if (!unread.delete(machine)) return before !== null && tell(before, before) > 0 ? againMs : undefined;
    let slice: Snapshot;
    try {
      slice = await ledger.look(machine);
    } catch (error) {
      unread.add(machine);
      throw error;
    }
    if (slice.epoch !== epoch()) return undefined; // all of the new one is read at its beginning
    const previous = slices.get(machine) ?? null;
    remember(machine, slice);
    return tell(previous, slice) > 0 ? againMs : undefined;
  }

  const queue = createWorkQueue({
    concurrency: 16,
    run,
    failed: (machine, error, attempt) => troubles.tell({ error, machine, attempt }, "machine not looked at"),
    signal,
  });

  return {
    begin(snapshot) {
      const found = machinesOf(snapshot);
      const gone = { ...snapshot, nodes: [], attachments: [], leases: [], waiters: [], problems: [] };
      for (const machine of slices.keys()) if (!found.has(machine)) remember(machine, gone);
      for (const [machine, slice] of found) {
        const previous = slices.get(machine) ?? null;
        remember(machine, slice);
        if (tell(previous, slice) > 0) queue.add(machine, againMs);
      }
    },
    changed(machine) {
      unread.add(machine);
      queue.add(machine);
    },
    node({ name, pool, address }) {
      const machine = machineOfNode.get(name);
      const attachment = slices.get(machine ?? "")?.attachments.find(({ state }) => state !== "attaching");
      const isTold = pool === (attachment?.pool ?? null) && address === (attachment?.address.ip ?? null);
      if (machine !== undefined && !isTold) queue.add(machine);
    },
    pod({ uid, address }) {
      const machine = machineOfPod.get(uid);
      const attachment = slices.get(machine ?? "")?.attachments.find(({ state }) => state === "attached");
      if (machine !== undefined && attachment !== undefined && attachment.address.ip !== address) queue.add(machine);
    },
    again() {
      for (const machine of slices.keys()) queue.add(machine);
    },
    end() {
      for (const slice of slices.values()) {
        count(undefined, slice);
        countAttachments(undefined, slice);
        countProblems(undefined, slice);
      }
      slices.clear();
    },
    idle: () => queue.idle(),
  };
}
