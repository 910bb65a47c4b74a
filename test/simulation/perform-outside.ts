import { editAddresses, editPool, removePool } from "./edits.ts";
import type { Process } from "./engine.ts";
import type { OutsideHappens } from "./history.ts";
import { fairRedis } from "./ledger.ts";
import { killReplica, later, pause, type Scene } from "./scene.ts";
import { fairWeather } from "./weather.ts";
import { addressId, strangers } from "./world.ts";

type Trap = Extract<OutsideHappens, { do: "trap" }>;

/** Lets something happen to Redis, the clouds, the network or the file of pools. */
export function happensOutside(event: OutsideHappens, scene: Scene): void {
  const { world } = scene;
  switch (event.do) {
    case "redis":
      Object.assign(world.redis, event.weather);
      return later(scene, event.forMs, () => Object.assign(world.redis, fairRedis));
    case "redis loses":
      return redisLoses(event, scene);
    case "cloud":
      Object.assign(world.cloud, event.weather);
      return later(scene, event.forMs, () => Object.assign(world.cloud, fairWeather(world.history.setting.slowMs)));
    case "take off by hand":
      return takeOff(scene, addressId(event.address), event.elsewhereMs);
    case "address deleted": {
      const id = addressId(event.address);
      takeOff(scene, id, 0);
      if (world.truth.addresses.get(id)?.machine === null) world.truth.addresses.delete(id);
      return undefined;
    }
    case "pool loses address":
    case "pool gets address":
      return editAddresses(world, event.pool, event.address, event.do === "pool gets address");
    case "pool lingers":
      return editPool(world, event.pool, { lingerSeconds: event.seconds });
    case "pool goes":
      return later(scene, event.forMs, removePool(world, event.pool));
    case "trap":
      world.traps.push({ moment: event.moment, hit: (process, machine) => hit(scene, event, process, machine) });
      return undefined;
    case "lose":
      world.losses.push({ command: event.command, what: event.what });
      return undefined;
  }
}

function redisLoses(event: Extract<OutsideHappens, { do: "redis loses" }>, scene: Scene): void {
  const { ledger, locks, redis, engine, story } = scene.world;
  const kept = event.what === "latest" ? { records: ledger.dump(), locks: structuredClone(locks) } : undefined;
  later(scene, event.latestMs, () => {
    if (scene.world.healed) return;
    scene.world.forgetful = true;
    story.tell("redis", `has lost ${event.what}`);
    ledger.restore(kept?.records, event.otherServer ? `run-${engine.now()}` : undefined);
    locks.clear();
    for (const [name, lock] of kept?.locks ?? []) locks.set(name, lock);
    redis.down = event.downMs > 0;
  });
  later(scene, event.latestMs + event.downMs, () => (redis.down = false));
}

function takeOff(scene: Scene, id: string, elsewhereMs: number): void {
  const { world, invariants } = scene;
  const { truth } = world;
  const address = truth.addresses.get(id);
  if (address === undefined) return;
  invariants.meddles(id);
  truth.detach(id, "hand");
  if (elsewhereMs === 0) return;
  const stranger = strangers[address.cloud];
  truth.attach(id, stranger, "hand");
  later(scene, elsewhereMs, () => {
    if (truth.addresses.get(id)?.machine === stranger) truth.detach(id, "hand");
  });
}

function hit(scene: Scene, { moment, blow, forMs }: Trap, process: Process, machine: string): void {
  const { world, nodes } = scene;
  world.story.tell("trap", `${blow} ${process.name}, at '${moment}'`);
  const node = nodes.all.find((one) => one.machine === machine);
  switch (blow) {
    case "hold":
      world.held.add(process);
      return pause(scene, process, 120_000);
    case "pause":
      return pause(scene, process, forMs);
    case "kill":
      return process.name.startsWith("controller") ? killReplica(scene, process, forMs) : killWorker(scene, process);
    case "power off":
      if (node === undefined || nodes.isOut(node)) return undefined;
      nodes.powerOff(node);
      return later(scene, forMs, () => nodes.boot(node));
    case "terminate":
      return node === undefined ? undefined : nodes.replace(node, forMs, "goes");
  }
}

function killWorker({ pods }: Scene, process: Process): void {
  for (const { sidecar } of pods.all.values()) if (sidecar?.worker === process) sidecar.killWorker();
}
