import { stranger, type World } from "./world.ts";
import type { Process } from "./engine.ts";

/** A node as it is: its object in the cluster, its machine in the cloud, and the programs that run there. */
export interface Node {
  readonly name: string;
  readonly interfaces: number;
  uid: string;
  machine: string;
  kubelet: Process;
  readonly processes: Set<Process>;
  /** Whether its network works: to the ledger, the cloud and the API server alike. */
  partitioned: boolean;
  frozen: boolean;
  off: boolean;
  /** Its machine is gone for good. */
  lost: boolean;
  boots: number;
}

export interface Nodes {
  readonly all: readonly Node[];
  powerOff(node: Node): void;
  boot(node: Node): void;
  freeze(node: Node): void;
  thaw(node: Node): void;
  partition(node: Node, is: boolean): void;
  /** The machine ends; `afterMs` later the node's object goes, and one of the same name comes with another machine. */
  replace(node: Node, afterMs: number, inPlace: boolean): void;
  isOut(node: Node): boolean;
}

/** Kubernetes calls a node not ready after this long without its kubelet. */
const monitorGraceMs = 40_000;
const readyAgainMs = 4_000;

export function createNodes(
  world: World,
  hooks: {
    /** What ran on it has ended without a word. */
    readonly stopped: (node: Node) => void;
    readonly started: (node: Node) => void;
    /** Its pods are deleted by the cluster itself. */
    readonly gone: (node: Node) => void;
    /** From now on its leases may lawfully end. */
    readonly silent: (node: Node, forSeconds: number) => void;
  },
): Nodes {
  const { engine, truth, cluster, story, history } = world;
  let machines = 0;

  function newMachine(interfaces: number): string {
    machines += 1;
    const id = `i-${machines.toString(16).padStart(3, "0")}`;
    truth.machines.set(id, {
      id,
      providerId: `aws:///eu-west-1a/${id}`,
      interfaces,
      power: "on",
      onSinceMs: engine.now(),
      ephemeral: `198.18.1.${machines}`,
    });
    return id;
  }

  const show = (node: Node, marks: { pool?: null; address?: null } = {}): void =>
    cluster.setNode({
      ...marks,
      name: node.name,
      uid: node.uid,
      bootId: `${node.machine}/${node.boots}`,
      providerId: `aws:///eu-west-1a/${node.machine}`,
      region: "eu-west-1",
      ready: true,
      notReadySinceMs: null,
    });

  const isOut = (node: Node): boolean => node.partitioned || node.frozen || node.off || node.lost;

  /** The node has fallen silent, or speaks again: Kubernetes says so later. */
  function changed(node: Node): void {
    const { uid } = node;
    if (!isOut(node)) {
      engine.at(readyAgainMs, null, () => {
        if (!isOut(node) && node.uid === uid && cluster.node(node.name)?.ready === false) {
          story.tell("cluster", `${node.name} is Ready`);
          show(node);
        }
      });
      return;
    }
    engine.at(monitorGraceMs, null, () => {
      const object = cluster.node(node.name);
      if (!isOut(node) || node.uid !== uid || object?.uid !== uid || !object.ready) return;
      const sinceMs = engine.now();
      story.tell("cluster", `${node.name} is not Ready`);
      cluster.setNode({ name: node.name, ready: false, notReadySinceMs: sinceMs });
      for (const { unreachableSeconds } of world.pools) {
        engine.at(unreachableSeconds * 1000, null, () => {
          if (cluster.node(node.name)?.notReadySinceMs === sinceMs) hooks.silent(node, unreachableSeconds);
        });
      }
    });
  }

  function killAll(node: Node): void {
    engine.kill(node.kubelet);
    for (const process of node.processes) engine.kill(process);
    node.processes.clear();
    hooks.stopped(node);
  }

  const all = history.setting.nodes.map(({ interfaces, foreign }, index): Node => {
    const name = `node-${index}`;
    const machine = newMachine(interfaces);
    const node: Node = {
      name,
      interfaces,
      uid: `${name}-1`,
      machine,
      kubelet: engine.spawn(`kubelet ${name}`),
      processes: new Set(),
      partitioned: false,
      frozen: false,
      off: false,
      lost: false,
      boots: 1,
    };
    if (foreign) {
      const id = `eipalloc-foreign-${index}`;
      truth.addresses.set(id, { id, ip: `192.0.2.${index + 1}`, machine: null, association: null });
      truth.attach(id, machine, "hand");
    }
    show(node);
    return node;
  });

  function boot(node: Node): void {
    if (!node.off || node.lost) return;
    node.off = false;
    node.boots += 1;
    const machine = truth.machines.get(node.machine);
    if (machine !== undefined) {
      machine.power = "on";
      machine.onSinceMs = engine.now();
      if (truth.carriedBy(machine.id) === null) machine.ephemeral = `198.18.2.${node.boots}`;
    }
    node.kubelet = engine.spawn(`kubelet ${node.name}#${node.boots}`);
    changed(node);
    hooks.started(node);
  }

  return {
    all,
    isOut,
    boot,
    powerOff(node) {
      if (node.off || node.lost) return;
      node.off = true;
      node.frozen = false;
      const machine = truth.machines.get(node.machine);
      if (machine !== undefined) Object.assign(machine, { power: "off", ephemeral: null });
      killAll(node);
      changed(node);
    },
    freeze(node) {
      if (isOut(node)) return;
      node.frozen = true;
      for (const process of [node.kubelet, ...node.processes]) engine.pause(process);
      changed(node);
    },
    thaw(node) {
      if (!node.frozen) return;
      node.frozen = false;
      for (const process of [node.kubelet, ...node.processes]) engine.resume(process);
      changed(node);
    },
    partition(node, is) {
      if (node.partitioned === is) return;
      node.partitioned = is;
      changed(node);
    },
    replace(node, afterMs, inPlace) {
      if (node.lost || node.machine === stranger) return;
      node.lost = true;
      node.frozen = false;
      truth.terminate(node.machine);
      killAll(node);
      changed(node);
      engine.at(afterMs, null, () => {
        story.tell("cluster", `${node.name} is ${inPlace ? "replaced" : "deleted"}`);
        if (!inPlace) cluster.removeNode(node.name);
        hooks.gone(node);
        engine.at(inPlace ? 0 : 3_000, null, () => {
          node.boots += 1;
          node.uid = `${node.name}-${node.boots}`;
          node.machine = newMachine(node.interfaces);
          node.kubelet = engine.spawn(`kubelet ${node.name}#${node.boots}`);
          node.lost = false;
          node.off = false;
          story.tell("cluster", `${node.name} is there, on ${node.machine}`);
          show(node, { pool: null, address: null });
          if (node.partitioned) changed(node);
          hooks.started(node);
        });
      });
    },
  };
}
