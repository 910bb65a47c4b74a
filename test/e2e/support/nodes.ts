import { get } from "./kubectl.ts";

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[]; readonly unschedulable?: boolean };
}

/** Names of the nodes that take pods, in order; a node that is silent or cordoned for a moment counts. */
export async function workers(): Promise<string[]> {
  const { items } = await get<{ items: NodeObject[] }>("nodes");
  const passing = (taint: { key: string }) => taint.key.startsWith("node.kubernetes.io/");
  return items
    .filter((node) => (node.spec.taints ?? []).every(passing))
    .map((node) => node.metadata.name)
    .toSorted();
}

/**
 * The node that is kept free of the ledger and of the webhook (install.ts), so that its end is the end of a node and no
 * more; undefined where the cluster has one node only.
 */
export const spareNode = (names: readonly string[]): string | undefined =>
  names.length > 1 ? names.at(-1) : undefined;
