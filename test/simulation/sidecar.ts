import { monotonicClock } from "../../shared/clock.ts";
import type { Job } from "../../shared/ledger/port.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import { startAgent, type Agent } from "../../sidecar/agent.ts";
import type { Process } from "./engine.ts";
import { MachineFault, step } from "./network.ts";
import type { Pod, RunningSidecar } from "./pod.ts";
import type { World } from "./world.ts";

export const leaseMs = 60_000;
/** As sidecar/main.ts has it. */
const stopMs = 1_800;

/** The real agent over the real lease service as one process, and its cloud worker as another. */
export function startSidecar(
  world: World,
  pod: Pod,
  opened: (ip: string | null) => void,
  crashed: () => void,
): RunningSidecar {
  const { engine, story, history, truth } = world;
  const { node, machine } = pod;
  const process = engine.spawn(`${pod.name}#${pod.restarts}`, node.skewMs);
  const way = { redis: () => !node.without.has("redis"), cloud: () => !node.without.has("cloud") };
  const log = story.logger(process.name);
  node.processes.add(process);
  let workers = 0;
  const exits = new Map<Process, () => void>();
  let agent: Agent | undefined;

  function kill(which: Process): void {
    engine.kill(which);
    node.processes.delete(which);
  }

  /** As sidecar/cloud-child.ts: a child for one job, told to stop by the signal, waited for until it has ended. */
  function runWorker(job: Job, signal: AbortSignal | undefined): Promise<void> {
    workers += 1;
    const child = engine.spawn(`${process.name}/worker-${workers}`, node.skewMs);
    running.worker = child;
    node.processes.add(child);
    const stopped = new AbortController();
    signal?.addEventListener("abort", () => engine.at(1, child, () => stopped.abort(new Error("told to stop"))));
    return new Promise((resolve) => {
      const ended = (): void => {
        kill(child);
        if (running.worker === child) running.worker = undefined;
        engine.at(5, process, resolve);
      };
      exits.set(child, ended);
      const ledger = world.ledgerFor(child, way);
      const shop = {
        ledger,
        turns: createTurns(ledger),
        cloud: world.cloudFor(child, way, "aws"),
        lock: world.lockFor(child, way),
        log: story.logger(child.name),
      };
      engine.at(250, child, () => {
        work(job, shop, stopped.signal).then(ended, ended);
      });
    });
  }
  const running: RunningSidecar = {
    process,
    worker: undefined,
    drain: () => void engine.at(1, process, () => void agent?.drain()),
    stop(exited) {
      engine.at(1, process, () => void agent?.stop(stopMs).then(exited));
    },
    kill() {
      kill(process);
      if (running.worker !== undefined) kill(running.worker);
    },
    killWorker() {
      if (running.worker !== undefined) exits.get(running.worker)?.();
    },
  };

  engine.at(150, process, () => {
    const leases = createLeaseService({
      ledger: world.ledgerFor(process, way),
      work: runWorker,
      mayWork: history.setting.sidecarsWork ? ["aws"] : [],
      leaseMs,
      log,
    });
    const sees = (): string | null => truth.carriedBy(machine)?.ip ?? truth.machines.get(machine)?.ephemeral ?? null;
    agent = startAgent({
      leases,
      claim: {
        podUid: pod.uid,
        pod: `shop/${pod.name}`,
        serviceAccount: "shop/default",
        node: node.name,
        nodeUid: pod.nodeUid,
        pool: pod.pool,
      },
      gate: {
        open: (ip) => step(engine, process, "gate.open", () => opened(ip)),
        openWithout: () => step(engine, process, "gate.openWithout", () => opened(null)),
        record: async (state) => story.tell(process.name, `${state.phase} ${state.ip ?? ""} ${state.reason ?? ""}`),
      },
      verify: (_url, ip) => step(engine, process, "echo.verify", () => (sees() === ip ? null : `seen from ${sees()}`)),
      onUnavailable: pod.proceed ? "proceed" : "wait",
      graceMs: pod.graceMs,
      leaseMs,
      log,
      clock: monotonicClock,
      random: process.random.next,
    });
    agent.done.catch((error: unknown) => {
      if (!(error instanceof MachineFault)) story.violate("program", `${process.name} ended: ${String(error)}`);
      running.kill();
      crashed();
    });
  });
  return running;
}
