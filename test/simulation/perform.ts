import type { ControllerHappens, Event, PodHappens } from "./history.ts";
import { happensToNode } from "./perform-nodes.ts";
import { happensOutside } from "./perform-outside.ts";
import type { Pod } from "./pod.ts";
import { killReplica, later, pause, type Scene } from "./scene.ts";

/** Lets one event happen. Faults end by themselves after their time. */
export function perform(event: Event, scene: Scene): void {
  const { atMs: _, ...what } = event;
  scene.world.story.tell("event", JSON.stringify(what));
  switch (event.do) {
    case "create pod":
    case "delete pod":
    case "force delete pod":
    case "kill sidecar":
    case "kill worker":
    case "pause sidecar":
      return happensToPod(event, scene);
    case "kill controller":
    case "kill all controllers":
    case "pause controller":
    case "controller's clock jumps":
    case "api server":
    case "watch forgets":
    case "watch gap":
      return happensToControllers(event, scene);
    case "power off":
    case "freeze":
    case "partition":
    case "kubelet stops":
    case "cut off":
    case "clock jumps":
    case "drain node":
    case "replace node":
    case "reclaim node":
    case "node goes":
      return happensToNode(event, scene);
    default:
      return happensOutside(event, scene);
  }
}

function happensToPod(event: PodHappens, scene: Scene): void {
  const { nodes, pods } = scene;
  if (event.do === "create pod") {
    const node = nodes.all[event.node];
    if (node !== undefined) pods.create(event, node);
    return;
  }
  const pod: Pod | undefined = pods.all.get(event.pod);
  if (pod === undefined || pod.phase === "gone") return;
  switch (event.do) {
    case "delete pod":
    case "force delete pod":
      return pods.remove(pod, event.do === "force delete pod");
    case "kill sidecar":
      return pods.killSidecar(pod, event.againMs);
    case "kill worker":
      return pod.sidecar?.killWorker();
    case "pause sidecar":
      pause(scene, pod.sidecar?.worker, event.forMs);
      return pause(scene, pod.sidecar?.process, event.forMs);
  }
}

function happensToControllers(event: ControllerHappens, scene: Scene): void {
  const { world, replicas } = scene;
  switch (event.do) {
    case "kill controller":
      return killReplica(scene, replicas[event.replica]?.process, event.againMs);
    case "kill all controllers":
      for (const { process } of replicas) killReplica(scene, process, event.againMs);
      return undefined;
    case "pause controller":
      return pause(scene, replicas[event.replica]?.process, event.forMs);
    case "controller's clock jumps": {
      const process = replicas[event.replica]?.process;
      if (process === undefined) return undefined;
      process.skewMs = event.byMs;
      return later(scene, event.forMs, () => (process.skewMs = 0));
    }
    case "api server":
      Object.assign(world.api, { down: event.down, lagMs: event.lagMs });
      return later(scene, event.forMs, () => Object.assign(world.api, { down: false, lagMs: 10 }));
    case "watch forgets":
      for (const forget of world.api.forgetters) forget(`uid-pod-${event.pod}`);
      return undefined;
    case "watch gap":
      for (const breakOff of world.api.breakers) breakOff(event.forMs);
      return undefined;
  }
}
