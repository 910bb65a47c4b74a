import type { Cloud, Machine } from "../../shared/clouds/port.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { Cluster, ClusterNode, Watched } from "./cluster/port.ts";
import { changeOfEntry, entryOf, placeOf, poolToAsk, poolToPlayIn } from "./machine.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface DirectoryOptions {
  readonly cluster: Pick<Cluster, "watchNodes">;
  readonly ledger: Pick<Ledger, "putNode" | "removeNode">;
  readonly clouds: { forPool(pool: Pool): Promise<Cloud> };
  readonly pools: () => readonly Pool[];
  readonly log: Logger;
  readonly troubles: Troubles;
  /** Called with every node that the watch shows. */
  readonly seen: (node: ClusterNode) => void;
  readonly signal: AbortSignal;
}

/** The ledger's node directory, kept like the cluster's nodes. */
export interface Directory {
  readonly nodes: Watched<ClusterNode>;
  /** The machine behind a node's name, as it is in the ledger. */
  machine(name: string): Machine | undefined;
  /** `rows` is what the ledger holds now (it was just found, or lost everything): what differs is put right. */
  rebuild(rows: readonly NodeEntry[]): void;
  /** The pools changed: which cloud a node's machine is asked for in may have, too. */
  refresh(): void;
  idle(): Promise<void>;
}

/** Follows the nodes and, once `rebuild` was called, keeps their rows in the ledger. */
export async function startDirectory(options: DirectoryOptions): Promise<Directory> {
  const { ledger, clouds, pools, log, troubles, seen, signal } = options;
  const rows = new Map<string, NodeEntry>();
  /** Machine ids learned from a cloud, by node name; the key says of which machine. */
  const asked = new Map<string, { readonly key: string; readonly id: string }>();
  const unusable = new Set<string>();

  async function idOf(node: ClusterNode, place: { project: string; region: string }): Promise<string | undefined> {
    const key = `${node.uid} ${node.bootId} ${node.providerId}`;
    const known = asked.get(node.name);
    if (known?.key === key) return known.id;
    const pool = poolToAsk(pools(), place);
    if (pool === undefined) {
      // The last pool of this cloud has left the file, and is served until its last lease ends.
      const row = rows.get(node.name);
      const same = row?.cloud === "gcp" && row.uid === node.uid && row.machine.providerId === node.providerId;
      return same ? row.machine.id : undefined;
    }
    const cloud = await clouds.forPool(pool);
    const { id } = await cloud.describeNode(node.providerId ?? "", signal);
    asked.set(node.name, { key, id });
    return id;
  }

  async function entryFor(node: ClusterNode): Promise<NodeEntry> {
    const place = placeOf(node);
    const playIn = poolToPlayIn(pools(), place);
    if (playIn !== undefined) {
      const played = { ...node, providerId: `memory:///${node.name}` };
      return entryOf(played, "memory", playIn.region, node.name);
    }
    if (place.cloud === "aws" || place.cloud === "memory") return entryOf(node, place.cloud, place.region, place.id);
    if (place.cloud === "gcp") {
      const id = await idOf(node, place);
      if (id !== undefined) return entryOf(node, "gcp", place.region, id);
    } else if (!unusable.has(node.uid)) {
      unusable.add(node.uid);
      log.warn({ node: node.name, providerId: node.providerId, problem: place.problem }, "node cannot serve a pool");
    }
    return entryOf(node, "other", node.region ?? "", `other/${node.uid}`);
  }

  async function reconcile(name: string): Promise<undefined> {
    const node = nodes.get(name);
    const wanted = node === undefined ? undefined : await entryFor(node);
    for (const change of changeOfEntry(rows.get(name), wanted)) {
      if (change === "remove" || wanted === undefined) {
        await ledger.removeNode(name);
        rows.delete(name);
      } else {
        await ledger.putNode(wanted);
        rows.set(name, wanted);
      }
      log.info({ node: name, change, machine: wanted?.machine.id, ready: wanted?.ready }, "node directory changed");
    }
    if (node === undefined) asked.delete(name);
  }

  const queue = createWorkQueue({
    concurrency: 16,
    run: reconcile,
    failed: (node, error, attempt) => troubles.tell({ error, node, attempt }, "node not put into the ledger"),
    signal,
  });
  // Nothing is put before `rebuild` has told what the ledger holds.
  let told = false;
  const look = (node: ClusterNode): void => (told ? queue.add(node.name) : undefined);
  const changed = (node: ClusterNode): void => {
    look(node);
    seen(node);
  };
  const nodes = await options.cluster.watchNodes({ changed, removed: look }, signal);

  return {
    nodes,
    machine: (name) => rows.get(name)?.machine,
    rebuild(found) {
      told = true;
      const names = new Set([...rows.keys(), ...found.map((row) => row.name)]);
      rows.clear();
      for (const row of found) rows.set(row.name, row);
      for (const node of nodes.list()) names.add(node.name);
      for (const name of names) queue.add(name);
    },
    refresh() {
      for (const node of nodes.list()) look(node);
    },
    idle: () => queue.idle(),
  };
}
