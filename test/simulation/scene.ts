import type { Process } from "./engine.ts";
import type { Invariants } from "./invariants.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Pods } from "./pods.ts";
import { startReplica, type Replica } from "./replicas.ts";
import { fairRedis } from "./ledger.ts";
import { fairWeather } from "./weather.ts";
import { isStranger, type World } from "./world.ts";

export interface Scene {
  readonly world: World;
  readonly nodes: Nodes;
  readonly pods: Pods;
  readonly invariants: Invariants;
  readonly replicas: Replica[];
}

export const later = ({ world }: Scene, afterMs: number, happen: () => void): void =>
  void world.engine.at(afterMs, null, happen);

export function pause(scene: Scene, process: Process | undefined, forMs: number): void {
  if (process?.state !== "running") return;
  scene.world.engine.pause(process);
  later(scene, forMs, () => scene.world.engine.resume(process));
}

export function killReplica(scene: Scene, process: Process | undefined, againMs: number): void {
  const { world, replicas } = scene;
  const index = replicas.findIndex((replica) => replica.process === process);
  const replica = replicas[index];
  if (process === undefined || replica === undefined || process.state === "dead") return;
  world.engine.kill(process);
  later(scene, againMs, () => {
    replicas[index] = startReplica(world, index, replica.restarts + 1);
  });
}

export const unplugged = ["redis", "cloud", "api server"] as const;

function healNode({ nodes, world }: Scene, node: Node): void {
  for (const from of unplugged) nodes.cut(node, from, false);
  nodes.thaw(node);
  nodes.boot(node);
  nodes.startKubelet(node);
  nodes.skew(node, 0);
  for (const process of node.processes) world.engine.resume(process);
}

/** Everything works again, or will as soon as it has started. */
export function heal(scene: Scene): void {
  const { world, nodes, replicas } = scene;
  world.story.tell("event", "everything works again");
  world.healed = true;
  for (const putBack of world.putBack) putBack();
  world.traps.length = 0;
  world.losses.length = 0;
  Object.assign(world.redis, fairRedis);
  Object.assign(world.cloud, fairWeather(world.history.setting.slowMs));
  Object.assign(world.api, { down: false, lagMs: 10 });
  for (const { id, machine } of world.truth.addresses.values()) {
    if (machine !== null && isStranger(machine)) world.truth.detach(id, "hand");
  }
  for (const node of nodes.all) healNode(scene, node);
  for (const { process } of replicas) {
    process.skewMs = 0;
    world.engine.resume(process);
  }
}
