import type { NodeHappens } from "./history.ts";
import type { Node } from "./nodes.ts";
import { later, unplugged, type Scene } from "./scene.ts";

/** Lets something happen to a node; one that is out already is left alone. */
export function happensToNode(event: NodeHappens, scene: Scene): void {
  const { nodes } = scene;
  const node = nodes.all[event.node];
  if (node === undefined || node.lost) return undefined;
  const forAWhile = (forMs: number, begin: () => void, end: () => void): void => {
    if (nodes.isOut(node)) return;
    begin();
    later(scene, forMs, end);
  };
  switch (event.do) {
    case "power off":
      return forAWhile(
        event.forMs,
        () => nodes.powerOff(node),
        () => nodes.boot(node),
      );
    case "freeze":
      return forAWhile(
        event.forMs,
        () => nodes.freeze(node),
        () => nodes.thaw(node),
      );
    case "partition":
      return forAWhile(
        event.forMs,
        () => unplugged.forEach((from) => nodes.cut(node, from, true)),
        () => unplugged.forEach((from) => nodes.cut(node, from, false)),
      );
    case "cut off":
      return forAWhile(
        event.forMs,
        () => nodes.cut(node, event.from, true),
        () => nodes.cut(node, event.from, false),
      );
    case "kubelet stops":
      return forAWhile(
        event.forMs,
        () => nodes.stopKubelet(node),
        () => nodes.startKubelet(node),
      );
    case "clock jumps":
      nodes.skew(node, event.byMs);
      return later(scene, event.forMs, () => nodes.skew(node, 0));
    case "drain node":
      return drain(scene, node);
    case "replace node":
      return nodes.replace(node, event.afterMs, event.object);
    case "reclaim node":
      drain(scene, node);
      return later(scene, event.noticeMs, () => {
        if (!scene.world.healed) nodes.replace(node, 5_000, "goes");
      });
    case "node goes":
      return nodes.remove(node, event.afterMs);
  }
}

function drain({ pods }: Scene, node: Node): void {
  for (const pod of pods.all.values()) if (pod.node === node && pod.phase !== "gone") pods.remove(pod, false);
}
