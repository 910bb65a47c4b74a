import { createMemoryLedger, type MemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import type { Lock } from "../../shared/lock/port.ts";
import { poolSchema, type Pool } from "../../shared/pools/schema.ts";
import { createMemoryCluster, type MemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import type { ApiWeather } from "./cluster.ts";
import { createEc2Cloud, region } from "./ec2.ts";
import { createEngine, type Engine, type Process } from "./engine.ts";
import { createGceCloud, place } from "./gce.ts";
import type { History } from "./history.ts";
import { fairRedis, ledgerFrom, type RedisWeather } from "./ledger.ts";
import { lockFrom, type Locks } from "./lock.ts";
import { createOperations } from "./operations.ts";
import type { Story } from "./story.ts";
import { createTruth, type Change, type CloudName, type Truth } from "./truth.ts";
import { fairWeather, throughWeather, type Call, type Trap, type Weather } from "./weather.ts";

export const addressId = (index: number): string => `address-${index}`;
export const poolName = (index: number): string => `pool-${index}`;
/** Machines that are of no node. */
export const strangers: Record<CloudName, string> = { aws: "i-0e1e", gcp: "stranger.1" };
export const isStranger = (machine: string): boolean => Object.values(strangers).includes(machine);

/** Where a process can get to. */
export interface Way {
  readonly redis: () => boolean;
  readonly cloud: () => boolean;
}

/** What watches from the outside, as things happen. */
export interface Watch {
  /** Right before a cloud makes a change. */
  changes(change: Change): void;
  /** A call that has come to a cloud. */
  called(call: Call, by: string): void;
  twiceReleased(machine: string, by: string): void;
}

/** Everything outside of our programs, and the way from a program to it. */
export interface World {
  readonly history: History;
  readonly engine: Engine;
  readonly story: Story;
  readonly truth: Truth;
  readonly cluster: MemoryCluster;
  readonly ledger: MemoryLedger;
  readonly redis: RedisWeather;
  readonly cloud: Weather;
  readonly api: ApiWeather;
  /** The file of pools as it is now; `poolsChanged` tells those who watch it. */
  pools: Pool[];
  readonly poolWatchers: Set<() => void>;
  ledgerFor(process: Process, way: Way): Ledger;
  cloudFor(process: Process, way: Way, cloud: CloudName): Cloud;
  lockFor(process: Process, way: Way): Lock;
  /** What is to befall the next one who comes to it. */
  readonly traps: { moment: string; hit: (process: Process, machine: string) => void }[];
  /** Those that stand still until another actor is at work. */
  readonly held: Set<Process>;
  /** The locks that Redis holds. */
  readonly locks: Locks;
  /** Everything works again: what was still to go wrong does not. */
  healed: boolean;
  /** What has to be put back for that. */
  readonly putBack: Set<() => void>;
  /** Redis has lost something: what neither a cloud nor Kubernetes knows is forgotten for good. */
  forgetful: boolean;
  readonly losses: { command: string; what: "request" | "answer" }[];
}

/** The file of pools at the beginning. */
function poolsOf({ setting }: History): Pool[] {
  return setting.pools.map(({ addresses, verify, cloud, ...pool }, index) =>
    poolSchema.parse({
      ...pool,
      name: poolName(index),
      cloud,
      ...(cloud === "aws" ? { region } : { region: place.region, project: place.project }),
      select: { addresses: addresses.map(addressId) },
      waitSeconds: 20,
      ...(verify ? { verify: "http://echo.example/" } : {}),
    }),
  );
}

/** The addresses of every pool, and one more for each pool that is in none at first. */
function reserve({ setting }: History, truth: Truth): void {
  const rows = setting.pools.flatMap(({ addresses, cloud }) => addresses.map((index) => ({ index, cloud })));
  const spares = setting.pools.map(({ cloud }, index) => ({ index: rows.length + index, cloud }));
  for (const { index, cloud } of [...rows, ...spares]) {
    const id = addressId(index);
    truth.addresses.set(id, { id, ip: `203.0.113.${index + 1}`, cloud, machine: null, association: null });
  }
  for (const cloud of ["aws", "gcp"] as const) {
    const id = strangers[cloud];
    const rest = { providerId: "", interfaces: 1, power: "on" as const, onSinceMs: 0, ephemeral: null, config: null };
    truth.machines.set(id, { id, cloud, ...rest });
  }
}

export function createWorld(history: History, story: Story, watch: Watch): World {
  const engine = createEngine(history.seed);
  story.clock = engine.now;
  const truth = createTruth({
    now: engine.now,
    later: (afterMs, happen) => engine.at(afterMs, null, happen),
    watch(change) {
      story.tell("cloud", `${change.kind} ${change.address.ip} ${change.machine}, by ${change.by}`);
      watch.changes(change);
    },
  });
  const ledger = createMemoryLedger({ clock: () => Math.floor(engine.now()) });
  const redis = { ...fairRedis };
  const weather = fairWeather(history.setting.slowMs);
  const operations = createOperations(engine, weather);
  const locks: Locks = new Map();
  const traps: World["traps"] = [];
  const losses: World["losses"] = [];
  const held = new Set<Process>();
  const trap: Trap = (moment, process, machine) => {
    const index = traps.findIndex((armed) => armed.moment === moment);
    if (index >= 0) traps.splice(index, 1)[0]?.hit(process, machine);
    if (moment !== "sent" && moment !== "done") return;
    for (const sleeper of held) {
      if (sleeper === process) continue;
      held.delete(sleeper);
      engine.at(process.random.between(1, 400), null, () => engine.resume(sleeper));
    }
  };
  const lose = (command: string): "request" | "answer" | undefined => {
    const index = losses.findIndex((armed) => armed.command === command);
    if (index < 0) return undefined;
    const what = losses.splice(index, 1)[0]?.what;
    story.tell("network", `the ${what} of ${command} is lost`);
    return what;
  };
  reserve(history, truth);

  return {
    history,
    engine,
    story,
    truth,
    cluster: createMemoryCluster(),
    ledger,
    redis,
    cloud: weather,
    api: { down: false, lagMs: 10, forgetters: new Set(), breakers: new Set() },
    pools: poolsOf(history),
    poolWatchers: new Set(),
    ledgerFor: (process, way) => ledgerFrom(ledger, engine, process, redis, way.redis, lose),
    cloudFor(process, way, cloud) {
      const made = (call: Call): void => watch.called(call, process.name);
      const send = throughWeather(engine, truth, weather, process, way.cloud, trap, made);
      return cloud === "aws"
        ? createEc2Cloud(truth, send, process.name, engine.now)
        : createGceCloud(truth, operations, send, process.name, (...what) => watch.twiceReleased(...what));
    },
    lockFor: (process, way) => lockFrom(locks, engine, process, () => way.redis() && !redis.down),
    traps,
    held,
    locks,
    healed: false,
    putBack: new Set(),
    forgetful: false,
    losses,
  };
}
