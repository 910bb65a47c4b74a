import type { Process } from "./engine.ts";
import type { History, NodeHappens } from "./history.ts";
import { createMachines } from "./machines.ts";
import type { World } from "./world.ts";

/** A node as it is: its object in the cluster, its machine in the cloud, and the programs that run there. */
export interface Node {
  readonly name: string;
  readonly setting: History["setting"]["nodes"][number];
  uid: string;
  machine: string;
  kubelet: Process;
  readonly processes: Set<Process>;
  /** What its programs cannot reach. */
  readonly without: Set<"redis" | "cloud" | "api server">;
  frozen: boolean;
  off: boolean;
  kubeletStopped: boolean;
  skewMs: number;
  /** Its machine is gone for good. */
  lost: boolean;
  boots: number;
}

export type ObjectFate = Extract<NodeHappens, { do: "replace node" }>["object"];

export interface Nodes {
  readonly all: readonly Node[];
  powerOff(node: Node): void;
  boot(node: Node): void;
  freeze(node: Node): void;
  thaw(node: Node): void;
  cut(node: Node, from: "redis" | "cloud" | "api server", is: boolean): void;
  stopKubelet(node: Node): void;
  startKubelet(node: Node): void;
  skew(node: Node, ms: number): void;
  /** The machine ends, and `afterMs` later another one takes the name. */
  replace(node: Node, afterMs: number, object: ObjectFate): void;
  /** Machine and object go for good. */
  remove(node: Node, afterMs: number): void;
  /** Whether what runs there cannot say or do anything. */
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
    /** Its pods go on, on another machine of the name. */
    readonly moved: (node: Node) => void;
    /** From now on its leases may lawfully end. */
    readonly silent: (node: Node, forSeconds: number) => void;
  },
): Nodes {
  const { engine, truth, cluster, story, history } = world;
  const newMachine = createMachines(truth);

  function show(node: Node, marks: { pool?: null; address?: null } = {}): void {
    const { providerId = "", cloud = "aws" } = truth.machines.get(node.machine) ?? {};
    cluster.setNode({
      ...marks,
      name: node.name,
      uid: node.uid,
      bootId: `${node.machine}/${node.boots}`,
      providerId,
      region: cloud === "aws" ? "eu-west-1" : "europe-west1",
      ready: true,
      notReadySinceMs: null,
    });
  }

  const isOut = (node: Node): boolean => node.without.size === 3 || node.frozen || node.off || node.lost;
  const isQuiet = (node: Node): boolean => isOut(node) || node.kubeletStopped || node.without.has("api server");

  /** The node has fallen silent, or speaks again: Kubernetes says so later. */
  function changed(node: Node): void {
    const { uid } = node;
    if (!isQuiet(node)) {
      engine.at(readyAgainMs, null, () => {
        if (!isQuiet(node) && node.uid === uid && cluster.node(node.name)?.ready === false) {
          story.tell("cluster", `${node.name} is Ready`);
          show(node);
        }
      });
      return;
    }
    engine.at(monitorGraceMs, null, () => {
      const object = cluster.node(node.name);
      if (!isQuiet(node) || node.uid !== uid || object?.uid !== uid || !object.ready) return;
      const sinceMs = engine.now();
      story.tell("cluster", `${node.name} is not Ready`);
      cluster.setNode({ name: node.name, ready: false, notReadySinceMs: sinceMs });
      for (const seconds of new Set([60, ...history.setting.pools.map((pool) => pool.unreachableSeconds)])) {
        engine.at(seconds * 1000, null, () => {
          if (cluster.node(node.name)?.notReadySinceMs === sinceMs) hooks.silent(node, seconds);
        });
      }
    });
  }

  function begin(node: Node): void {
    node.boots += 1;
    node.kubelet = engine.spawn(`kubelet ${node.name}#${node.boots}`, node.skewMs);
    node.kubeletStopped = false;
    node.frozen = false;
    node.off = false;
  }

  function killAll(node: Node): void {
    engine.kill(node.kubelet);
    for (const process of node.processes) engine.kill(process);
    node.processes.clear();
    hooks.stopped(node);
  }

  function lose(node: Node): boolean {
    if (node.lost) return false;
    node.lost = true;
    truth.terminate(node.machine);
    killAll(node);
    changed(node);
    return true;
  }

  function come(node: Node): void {
    begin(node);
    node.machine = newMachine(node.name, { ...node.setting, carries: keepsNothing(node.setting.carries) }).id;
    node.lost = false;
    story.tell("cluster", `${node.name} is there, on ${node.machine}`);
  }

  const all = history.setting.nodes.map((setting, index): Node => {
    const name = `node-${index}`;
    const node: Node = {
      name,
      setting,
      uid: `${name}-1`,
      machine: newMachine(name, setting).id,
      kubelet: engine.spawn(`kubelet ${name}`),
      processes: new Set(),
      without: new Set(),
      frozen: false,
      off: false,
      kubeletStopped: false,
      skewMs: 0,
      lost: false,
      boots: 1,
    };
    show(node);
    return node;
  });

  return {
    all,
    isOut,
    boot(node) {
      if (!node.off || node.lost) return;
      begin(node);
      truth.switchOn(node.machine);
      changed(node);
      hooks.started(node);
    },
    powerOff(node) {
      if (node.off || node.lost) return;
      node.off = true;
      node.frozen = false;
      truth.switchOff(node.machine);
      killAll(node);
      changed(node);
    },
    freeze(node) {
      if (node.frozen || node.off || node.lost) return;
      node.frozen = true;
      for (const process of [node.kubelet, ...node.processes]) engine.pause(process);
      changed(node);
    },
    thaw(node) {
      if (!node.frozen) return;
      node.frozen = false;
      for (const process of [node.kubelet, ...node.processes]) {
        if (process !== node.kubelet || !node.kubeletStopped) engine.resume(process);
      }
      changed(node);
    },
    cut(node, from, is) {
      if (node.without.has(from) === is) return;
      if (is) node.without.add(from);
      else node.without.delete(from);
      changed(node);
    },
    stopKubelet(node) {
      if (node.kubeletStopped || node.off || node.lost) return;
      node.kubeletStopped = true;
      engine.pause(node.kubelet);
      changed(node);
    },
    startKubelet(node) {
      if (!node.kubeletStopped) return;
      node.kubeletStopped = false;
      if (!node.frozen) engine.resume(node.kubelet);
      changed(node);
    },
    skew(node, ms) {
      node.skewMs = ms;
      for (const process of [node.kubelet, ...node.processes]) process.skewMs = ms;
    },
    replace(node, afterMs, object) {
      if (!lose(node)) return;
      engine.at(afterMs, null, () => {
        if (object === "stays") {
          come(node);
          show(node);
          hooks.moved(node);
          hooks.started(node);
          return;
        }
        story.tell("cluster", `${node.name} ${object}`);
        if (object === "goes") cluster.removeNode(node.name);
        hooks.gone(node);
        engine.at(object === "goes" ? 3_000 : 0, null, () => {
          come(node);
          node.uid = `${node.name}-${node.boots}`;
          show(node, { pool: null, address: null });
          if (isQuiet(node)) changed(node);
          hooks.started(node);
        });
      });
    },
    remove(node, afterMs) {
      if (!lose(node)) return;
      engine.at(afterMs, null, () => {
        story.tell("cluster", `${node.name} goes`);
        cluster.removeNode(node.name);
        hooks.gone(node);
      });
    },
  };
}

/** The reserved address of a machine that is gone is on nothing: the next one comes without it. */
const keepsNothing = (carries: Node["setting"]["carries"]): Node["setting"]["carries"] =>
  carries === "foreign" ? "ephemeral" : carries;
