import type { Happens } from "./history.ts";
import type { Node } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { startSidecar } from "./sidecar.ts";
import { poolName, type World } from "./world.ts";

export interface Pods {
  readonly all: Map<number, Pod>;
  create(wanted: Extract<Happens, { do: "create pod" }>, node: Node): void;
  remove(pod: Pod, force: boolean): void;
  killSidecar(pod: Pod, againMs: number): void;
  /** The node's programs have ended, the machine boots, its object goes. */
  stopped(node: Node): void;
  booted(node: Node): void;
  nodeGone(node: Node): void;
  /** Another machine has taken the name of the node, and the node's pods with it. */
  moved(node: Node): void;
}

/** The kubelet's part: the order of a native sidecar's hooks and signals (facts of Kubernetes; sidecar/agent.ts). */
export function createPods(
  world: World,
  hooks: { readonly opened: (pod: Pod, ip: string | null, isFirst: boolean) => void },
): Pods {
  const { engine, cluster, story } = world;
  const all = new Map<number, Pod>();
  const on = (node: Node): Pod[] => [...all.values()].filter((pod) => pod.node === node && pod.phase !== "gone");

  function begin(pod: Pod): void {
    const { node } = pod;
    pod.sidecar = startSidecar(
      world,
      pod,
      (ip) => {
        const isFirst = !pod.ready;
        pod.ready = true;
        pod.address = ip;
        story.tell(pod.name, `gate open: ${ip ?? "without an address"}`);
        hooks.opened(pod, ip, isFirst);
      },
      () => {
        pod.sidecar = undefined;
        if (pod.phase === "running") engine.at(1_000, node.kubelet, () => restart(pod));
      },
    );
  }

  function restart(pod: Pod): void {
    if (pod.phase !== "running" || pod.sidecar !== undefined) return;
    pod.restarts += 1;
    begin(pod);
  }

  function probe(pod: Pod): void {
    if (pod.phase !== "running" || pod.app !== "none") return;
    if (!pod.ready) {
      engine.at(1_000, pod.node.kubelet, () => probe(pod));
      return;
    }
    pod.app = "running";
    tellStarted(pod);
    story.tell(pod.name, `its app starts`);
    if (pod.jobMs > 0) engine.at(pod.jobMs, pod.node.kubelet, () => end(pod, pod.graceMs));
  }

  /** The kubelet writes down that the sidecar's startup probe has passed, once it reaches the API server. */
  function tellStarted(pod: Pod): void {
    if (pod.phase !== "running" || pod.app !== "running") return;
    if (pod.node.without.has("api server")) engine.at(1_000, pod.node.kubelet, () => tellStarted(pod));
    else cluster.setPod({ uid: pod.uid, namespace: "shop", name: pod.name, sidecar: "started" });
  }

  /** preStop at once, the app's own time to end, SIGTERM for the sidecar, SIGKILL when the grace period is over. */
  function end(pod: Pod, graceMs: number): void {
    if (pod.phase !== "running") return;
    pod.phase = "ending";
    const { kubelet } = pod.node;
    const endsByItself = pod.jobMs > 0 && pod.deletion === "none";
    const appMs = pod.app === "running" && !endsByItself ? Math.min(pod.stopMs, graceMs) : 0;
    pod.sidecar?.drain();
    engine.at(appMs, kubelet, () => {
      if (pod.app === "running") pod.app = "ended";
      const { sidecar } = pod;
      if (sidecar === undefined) {
        finish(pod);
        return;
      }
      let over = false;
      const done = (): void => {
        if (over) return;
        over = true;
        sidecar.kill();
        pod.sidecar = undefined;
        finish(pod);
      };
      sidecar.stop(() => engine.at(20, kubelet, done));
      engine.at(Math.max(2_000, graceMs - appMs), kubelet, done);
    });
  }

  function finish(pod: Pod): void {
    if (pod.phase === "gone") return;
    if (pod.node.without.has("api server")) {
      engine.at(1_000, pod.node.kubelet, () => finish(pod));
      return;
    }
    story.tell(pod.name, "gone");
    pod.phase = "gone";
    if (pod.jobMs > 0 && pod.deletion === "none") {
      cluster.setPod({ uid: pod.uid, namespace: "shop", name: pod.name, ended: true });
      engine.at(20_000, null, () => cluster.removePod(pod.uid));
    } else cluster.removePod(pod.uid);
  }

  /** The kubelet hears of a deletion when it reaches the API server. */
  function hear(pod: Pod): void {
    if (pod.node.without.has("api server")) engine.at(1_000, pod.node.kubelet, () => hear(pod));
    else end(pod, pod.deletion === "forced" ? Math.min(1_000, pod.graceMs) : pod.graceMs);
  }

  return {
    all,
    create(wanted, node) {
      if (all.has(wanted.pod) || node.lost) return;
      const name = `pod-${wanted.pod}`;
      const pod: Pod = {
        name,
        uid: `uid-${name}`,
        node,
        machine: node.machine,
        nodeUid: node.uid,
        pool: poolName(wanted.pool),
        graceMs: wanted.graceMs,
        stopMs: wanted.stopMs,
        jobMs: wanted.jobMs,
        proceed: wanted.proceed,
        phase: "running",
        deletion: "none",
        app: "none",
        ready: false,
        address: null,
        sidecar: undefined,
        restarts: 0,
        excused: "",
      };
      all.set(wanted.pod, pod);
      cluster.setPod({ uid: pod.uid, namespace: "shop", name, node: node.name, pool: pod.pool });
      engine.at(300, node.kubelet, () => {
        if (pod.phase !== "running") return;
        begin(pod);
        probe(pod);
      });
    },
    remove(pod, force) {
      if (pod.phase === "gone") return;
      if (force) {
        cluster.removePod(pod.uid);
        pod.excused = "force deleted";
      }
      if (pod.deletion === "none") pod.deletion = force ? "forced" : "wanted";
      engine.at(50, pod.node.kubelet, () => hear(pod));
    },
    killSidecar(pod, againMs) {
      if (pod.sidecar === undefined || pod.phase === "gone" || pod.node.frozen) return;
      pod.sidecar.kill();
      pod.sidecar = undefined;
      engine.at(againMs, pod.node.kubelet, () => restart(pod));
    },
    stopped(node) {
      for (const pod of on(node)) {
        pod.sidecar = undefined;
        pod.ready = false; // in memory
        pod.address = null;
        if (pod.app === "running") pod.app = "none";
      }
    },
    booted(node) {
      for (const pod of on(node)) {
        if (pod.machine !== node.machine) continue;
        if (pod.deletion !== "none" || pod.phase === "ending") {
          pod.phase = "running";
          engine.at(2_000, node.kubelet, () => end(pod, 0));
          continue;
        }
        engine.at(2_000, node.kubelet, () => {
          if (pod.phase !== "running" || pod.sidecar !== undefined) return;
          pod.restarts += 1;
          cluster.setPod({ uid: pod.uid, namespace: "shop", name: pod.name, sidecar: "waiting" });
          begin(pod);
          probe(pod);
        });
      }
    },
    moved(node) {
      for (const pod of on(node)) {
        pod.machine = node.machine;
        pod.excused = "its machine is another one";
      }
    },
    nodeGone(node) {
      for (const pod of on(node)) {
        pod.phase = "gone";
        engine.at(10_000, null, () => cluster.removePod(pod.uid));
      }
    },
  };
}
