import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { MemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import { containerName } from "../../webhook/admission/names.ts";
import { environmentOf } from "./container-environment.ts";
import type { Pod } from "./pod.ts";
import type { Sidecar, StartSidecar } from "./sidecar.ts";
import type { Tokens } from "./tokens.ts";

/** `starting`: its sidecar has not opened the gate. `running`: its app runs. `ending`: it was deleted. */
export type Phase = "starting" | "running" | "ending";

export interface RunningPod {
  readonly pod: Pod;
  readonly phase: Phase;
  /** Containers of ours that died and were started again. */
  readonly restarts: number;
}

export interface Kubelet {
  pods(): readonly RunningPod[];
  /** Starts an admitted, placed pod; resolves when its first container runs. */
  start(pod: Pod): Promise<void>;
  /** Deletes a pod: preStop at once, the app's shutdown, SIGTERM for the sidecar. Resolves when the pod is gone, whoever began it. */
  end(name: string, appStopsMs: number): Promise<void>;
  /** Kills a pod's sidecar as a crash would. */
  crash(name: string): void;
}

interface Entry {
  readonly pod: Pod;
  phase: Phase;
  restarts: number;
  sidecar: Sidecar | undefined;
  /** Once it is deleted: until it is gone. */
  gone: Promise<void> | undefined;
}

/** How often a kubelet's startup probe looks is 1 s; here nobody wants to wait for it. */
const probeMs = 100;
const restartMs = 200;

/** Runs the pods of all nodes: the order of a native sidecar's hooks and signals is a real kubelet's (facts of Kubernetes). */
export function createKubelet(options: {
  readonly cluster: MemoryCluster;
  readonly startSidecar: StartSidecar;
  readonly tokens: Pick<Tokens, "of" | "withdraw">;
  /** For the pods' volumes. */
  readonly directory: string;
  readonly say: (text: string) => void;
}): Kubelet {
  const { cluster, startSidecar, tokens, directory, say } = options;
  const entries = new Map<string, Entry>();
  const volumeOf = (pod: Pod) => join(directory, pod.metadata.name);

  async function run(entry: Entry): Promise<void> {
    const { pod } = entry;
    const container = pod.spec.initContainers?.find(({ name }) => name === containerName);
    if (container === undefined) return;
    const sidecar = await startSidecar(environmentOf(container, pod), volumeOf(pod));
    entry.sidecar = sidecar;
    void sidecar.exited.then((how) => (isEnding(entry) ? undefined : runAgain(entry, how)));
  }

  async function runAgain(entry: Entry, how: string): Promise<void> {
    const { name } = entry.pod.metadata;
    entry.restarts += 1;
    say(`${name}: its sidecar ended (${how}) and is started again`);
    await after(restartMs);
    if (isEnding(entry)) return;
    await run(entry).catch((error: unknown) => say(`${name}: not started again: ${String(error)}`));
  }

  async function probe(entry: Entry): Promise<void> {
    const ready = join(volumeOf(entry.pod), "ready");
    while (entry.sidecar !== undefined && !existsSync(ready)) {
      await after(probeMs);
      if (isEnding(entry)) return;
    }
    entry.phase = "running";
    say(`${entry.pod.metadata.name}: its app starts on ${entry.pod.spec.nodeName}`);
  }

  async function remove(entry: Entry, appStopsMs: number): Promise<void> {
    const { metadata, spec } = entry.pod;
    const appRan = entry.phase === "running";
    entry.phase = "ending";
    await entry.sidecar?.drain();
    if (appRan) await after(appStopsMs);
    await entry.sidecar?.stop(spec.terminationGracePeriodSeconds * 1000);
    entries.delete(metadata.name);
    tokens.withdraw(entry.pod);
    cluster.removePod(metadata.uid ?? "");
    say(`${metadata.name}: gone`);
  }

  return {
    pods: () => [...entries.values()],
    async start(pod) {
      const { name, namespace, uid = "" } = pod.metadata;
      const entry: Entry = { pod, phase: "starting", restarts: 0, sidecar: undefined, gone: undefined };
      entries.set(name, entry);
      cluster.setPod({ uid, namespace, name });
      await mkdir(volumeOf(pod), { recursive: true });
      await writeFile(join(volumeOf(pod), "token"), tokens.of(pod), { mode: 0o600 });
      await run(entry);
      void probe(entry);
    },
    async end(name, appStopsMs) {
      const entry = entries.get(name);
      if (entry !== undefined) await (entry.gone ??= remove(entry, appStopsMs));
    },
    crash: (name) => entries.get(name)?.sidecar?.kill(),
  };
}

/** Asked again after each wait: a pod may have been deleted meanwhile. */
function isEnding(entry: Entry): boolean {
  return entry.phase === "ending";
}
