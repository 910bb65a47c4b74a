import type { Process } from "./engine.ts";
import type { Event } from "./history.ts";
import type { Invariants } from "./invariants.ts";
import type { Nodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import { startReplica, type Replica } from "./replicas.ts";
import { fairWeather } from "./weather.ts";
import { addressId, stranger, type World } from "./world.ts";

export interface Scene {
  readonly world: World;
  readonly nodes: Nodes;
  readonly pods: Pods;
  readonly invariants: Invariants;
  readonly replicas: Replica[];
}

/** Lets one event happen. Faults end by themselves after their time. */
export function perform(event: Event, scene: Scene): void {
  const { world, nodes, pods, invariants, replicas } = scene;
  const { engine, truth } = world;
  const { atMs: _, ...what } = event;
  world.story.tell("event", JSON.stringify(what));
  const later = (afterMs: number, happen: () => void): void => void engine.at(afterMs, null, happen);
  const living = (number: number): Pod | undefined => {
    const pod = pods.all.get(number);
    return pod === undefined || pod.phase === "gone" ? undefined : pod;
  };
  const pause = (process: Process | undefined, forMs: number): void => {
    if (process?.state !== "running") return;
    engine.pause(process);
    later(forMs, () => engine.resume(process));
  };

  switch (event.do) {
    case "create pod": {
      const node = nodes.all[event.node];
      return node === undefined ? undefined : pods.create(event, node);
    }
    case "delete pod":
    case "force delete pod": {
      const pod = living(event.pod);
      return pod === undefined ? undefined : pods.remove(pod, event.do === "force delete pod");
    }
    case "kill sidecar": {
      const pod = living(event.pod);
      return pod === undefined ? undefined : pods.killSidecar(pod, event.againMs);
    }
    case "kill worker":
      return living(event.pod)?.sidecar?.killWorker();
    case "watch forgets":
      for (const forget of world.api.forgetters) forget(`uid-pod-${event.pod}`);
      return undefined;
    case "pause sidecar":
      pause(living(event.pod)?.sidecar?.worker, event.forMs);
      return pause(living(event.pod)?.sidecar?.process, event.forMs);
    case "kill controller":
      return killReplica(scene, replicas[event.replica]?.process, event.againMs);
    case "pause controller":
      return pause(replicas[event.replica]?.process, event.forMs);
    case "power off":
    case "freeze":
    case "partition": {
      const node = nodes.all[event.node];
      if (node === undefined || nodes.isOut(node)) return undefined;
      if (event.do === "power off") nodes.powerOff(node);
      else if (event.do === "freeze") nodes.freeze(node);
      else nodes.partition(node, true);
      return later(event.forMs, () => {
        if (event.do === "power off") nodes.boot(node);
        else if (event.do === "freeze") nodes.thaw(node);
        else nodes.partition(node, false);
      });
    }
    case "replace node": {
      const node = nodes.all[event.node];
      return node === undefined ? undefined : nodes.replace(node, event.afterMs, event.inPlace);
    }
    case "redis":
      Object.assign(world.redis, event.weather);
      return later(event.forMs, () => fairRedis(world));
    case "cloud":
      Object.assign(world.cloud, event.weather);
      return later(event.forMs, () => Object.assign(world.cloud, fairWeather(world.history.setting.slowMs)));
    case "api server":
      Object.assign(world.api, { down: event.down, lagMs: event.lagMs });
      return later(event.forMs, () => Object.assign(world.api, { down: false, lagMs: 10 }));
    case "take off by hand": {
      const id = addressId(event.address);
      // Known gap: what no pool lists any more is not looked at, although its last leases still use it.
      if (!world.pools.some((pool) => pool.select.addresses?.includes(id))) return undefined;
      invariants.meddles(id);
      truth.detach(id, "hand");
      if (event.elsewhereMs === 0) return undefined;
      truth.attach(id, stranger, "hand");
      return later(event.elsewhereMs, () => {
        if (truth.addresses.get(id)?.machine === stranger) truth.detach(id, "hand");
      });
    }
    case "pool loses address":
    case "pool gets address":
      return editAddresses(world, event.pool, event.address, event.do === "pool gets address");
    case "pool lingers":
      world.pools = world.pools.map((pool, index) =>
        index === event.pool ? { ...pool, lingerSeconds: event.seconds } : pool,
      );
      return tellPools(world);
    case "trap":
      world.traps.push({
        moment: event.moment,
        hit(process) {
          world.story.tell("trap", `${event.blow} ${process.name}, at '${event.moment}'`);
          if (event.blow === "hold") world.held.add(process);
          if (event.blow !== "kill") pause(process, event.blow === "hold" ? 120_000 : event.forMs);
          else if (process.name.startsWith("controller")) killReplica(scene, process, event.forMs);
          else killWorker(scene, process);
        },
      });
      return undefined;
    case "lose":
      world.losses.push({ command: event.command, what: event.what });
      return undefined;
  }
}

/** Everything works again, or will as soon as it has started. */
export function heal({ world, nodes, replicas }: Scene): void {
  world.story.tell("event", "everything works again");
  world.traps.length = 0;
  world.losses.length = 0;
  fairRedis(world);
  Object.assign(world.cloud, fairWeather(world.history.setting.slowMs));
  Object.assign(world.api, { down: false, lagMs: 10 });
  for (const node of nodes.all) {
    nodes.partition(node, false);
    nodes.thaw(node);
    nodes.boot(node);
    for (const process of node.processes) world.engine.resume(process);
  }
  for (const { process } of replicas) world.engine.resume(process);
}

const fairRedis = (world: World): void =>
  void Object.assign(world.redis, { down: false, lostRequests: 0, lostAnswers: 0, slowMs: 0 });

function killReplica({ world, replicas }: Scene, process: Process | undefined, againMs: number): void {
  const index = replicas.findIndex((replica) => replica.process === process);
  const replica = replicas[index];
  if (process === undefined || replica === undefined || process.state === "dead") return;
  world.engine.kill(process);
  world.engine.at(againMs, null, () => {
    replicas[index] = startReplica(world, index, replica.restarts + 1);
  });
}

function killWorker({ pods }: Scene, process: Process): void {
  for (const { sidecar } of pods.all.values()) if (sidecar?.worker === process) sidecar.killWorker();
}

/** An address is of one pool only; a pool keeps at least one. */
function editAddresses(world: World, pool: number, address: number, comes: boolean): void {
  const id = addressId(address);
  const isTaken = world.pools.some((one) => one.select.addresses?.includes(id));
  if (comes && isTaken) return;
  world.pools = world.pools.map((one, index) => {
    if (index !== pool) return one;
    const before = one.select.addresses ?? [];
    const addresses = comes ? [...before, id] : before.filter((known) => known !== id);
    return addresses.length === 0 ? one : { ...one, select: { addresses } };
  });
  tellPools(world);
}

function tellPools(world: World): void {
  for (const tell of world.poolWatchers) tell();
}
