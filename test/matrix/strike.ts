import type { Blow, Process } from "../simulation/engine.ts";
import type { Scene } from "../simulation/scene.ts";
import { startReplica } from "../simulation/replicas.ts";
import { portOf, stoppedMs, type Fault } from "./faults.ts";

/** What a platform takes to start a program again: kubelet, ReplicaSet. */
const againMs = 2_000;

/** The fault as it falls on this call of this process, and for how long it has an effect by itself. */
export function strike(fault: Fault, call: string, process: Process, scene: Scene): { blow: Blow; forMs: number } {
  const { engine } = scene.world;
  switch (fault.kind) {
    case "kill":
      return { blow: { [fault.when]: () => kill(process, scene) }, forMs: againMs };
    case "stop": {
      const stop = (): void => {
        engine.pause(process);
        engine.at(stoppedMs, null, () => engine.resume(process));
      };
      return { blow: { [fault.when]: stop }, forMs: stoppedMs };
    }
    case "lose":
      return { blow: { lost: fault.what }, forMs: 0 };
    case "refuse":
      return { blow: { refusal: fault.refusal() }, forMs: 0 };
    case "flush": {
      const flush = (): void => {
        scene.world.ledger.restore(undefined, `run-${engine.now()}`);
        scene.world.locks.clear();
      };
      return { blow: { before: flush }, forMs: 0 };
    }
    case "outage":
      goAway(call, scene);
      return { blow: { lost: "request" }, forMs: stoppedMs };
  }
}

function goAway(call: string, { world }: Scene): void {
  const port = portOf(call);
  const server = port === "ledger" ? world.redis : port === "cloud" ? world.cloud : world.api;
  server.down = true;
  world.engine.at(stoppedMs, null, () => (server.down = false));
}

function kill(process: Process, { world, pods, replicas }: Scene): void {
  const { engine } = world;
  const index = replicas.findIndex((replica) => replica.process === process);
  const replica = replicas[index];
  if (replica !== undefined) {
    engine.kill(process);
    engine.at(againMs, null, () => (replicas[index] = startReplica(world, index, replica.restarts + 1)));
    return;
  }
  for (const pod of pods.all.values()) {
    if (pod.sidecar?.worker === process) pod.sidecar.killWorker();
    else if (pod.sidecar?.process === process) pods.killSidecar(pod, againMs);
  }
}
