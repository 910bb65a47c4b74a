import { admit } from "./api-server.ts";
import type { Kubelet } from "./kubelet.ts";
import { placed, podOf } from "./pod.ts";
import { nodeFor } from "./scheduler.ts";
import type { Stage } from "./stage.ts";

export type Created =
  | { readonly status: "started"; readonly node: string }
  | { readonly status: "denied"; readonly message: string }
  /** No node has room for it. */
  | { readonly status: "pending" };

/** Creates a pod as a cluster would: admission over HTTPS, a node, its first container. */
export function podCreator(options: {
  readonly stage: Stage;
  readonly kubelet: Kubelet;
  readonly podsPerNode: number;
  readonly cordoned: ReadonlySet<string>;
  readonly say: (text: string) => void;
}) {
  const { stage, kubelet, podsPerNode, cordoned, say } = options;
  return async (name: string, annotations: Readonly<Record<string, string>>): Promise<Created> => {
    const admitted = await admit(podOf(name, annotations), stage.webhook);
    if (admitted.status === "denied") {
      say(`${name}: refused. ${admitted.message}`);
      return admitted;
    }
    for (const warning of admitted.warnings) say(`${name}: warning: ${warning}`);
    const running = kubelet.pods().map(({ pod }) => pod);
    const nodes = stage.nodes.filter((node) => !cordoned.has(node));
    const node = nodeFor(admitted.pod, nodes, running, podsPerNode);
    if (node === undefined) {
      say(`${name}: no node has room for it`);
      return { status: "pending" };
    }
    const how = admitted.operations === 0 ? "left as it is" : `injected by ${admitted.operations} operations`;
    say(`${name}: admitted, ${how}; comes to ${node}`);
    await kubelet.start(placed(admitted.pod, node));
    return { status: "started", node };
  };
}
