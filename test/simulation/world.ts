import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import type { Lock } from "../../shared/lock/port.ts";
import { poolSchema, type Pool } from "../../shared/pools/schema.ts";
import { createMemoryCluster, type MemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import type { ApiWeather } from "./cluster.ts";
import { createEc2Cloud, region } from "./ec2.ts";
import { createEngine, type Engine, type Process } from "./engine.ts";
import type { History } from "./history.ts";
import { ledgerFrom, type RedisWeather } from "./ledger.ts";
import { lockFrom, type Locks } from "./lock.ts";
import type { Story } from "./story.ts";
import { createTruth, type Change, type Truth } from "./truth.ts";
import { fairWeather, throughWeather, type Trap, type Weather } from "./weather.ts";

export const addressId = (index: number): string => `eipalloc-${index}`;
export const poolName = (index: number): string => `pool-${index}`;
/** A machine that is of no node. */
export const stranger = "i-0e1e";

/** Everything outside of our programs, and the way from a program to it. */
export interface World {
  readonly history: History;
  readonly engine: Engine;
  readonly story: Story;
  readonly truth: Truth;
  readonly cluster: MemoryCluster;
  readonly ledger: Ledger;
  readonly redis: RedisWeather;
  readonly cloud: Weather;
  readonly api: ApiWeather;
  /** The file of pools as it is now; `poolsChanged` tells those who watch it. */
  pools: Pool[];
  readonly poolWatchers: Set<() => void>;
  ledgerFor(process: Process, reaches: () => boolean): Ledger;
  cloudFor(process: Process, reaches: () => boolean): Cloud;
  lockFor(process: Process, reaches: () => boolean): Lock;
  /** What is to befall the next one who comes to it. */
  readonly traps: { moment: string; hit: (process: Process) => void }[];
  /** Those that stand still until another actor is at work. */
  readonly held: Set<Process>;
  readonly losses: { command: string; what: "request" | "answer" }[];
}

export function createWorld(history: History, story: Story, watch: (change: Change) => void): World {
  const engine = createEngine(history.seed);
  story.clock = engine.now;
  const truth = createTruth({
    now: engine.now,
    later: (afterMs, happen) => engine.at(afterMs, null, happen),
    watch(change) {
      story.tell("cloud", `${change.kind} ${change.address.ip} ${change.machine}, by ${change.by}`);
      watch(change);
    },
  });
  const ledger = createMemoryLedger({ clock: engine.now });
  const redis = { down: false, lostRequests: 0, lostAnswers: 0, slowMs: 0 };
  const weather = fairWeather(history.setting.slowMs);
  const locks: Locks = new Map();
  const traps: World["traps"] = [];
  const losses: World["losses"] = [];
  const held = new Set<Process>();
  const trap: Trap = (moment, process) => {
    const index = traps.findIndex((armed) => armed.moment === moment);
    if (index >= 0) traps.splice(index, 1)[0]?.hit(process);
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
  const count = 1 + Math.max(...history.setting.pools.flatMap(({ addresses }) => addresses));
  for (let index = 0; index <= count; index += 1) {
    const id = addressId(index);
    truth.addresses.set(id, { id, ip: `203.0.113.${index + 1}`, machine: null, association: null });
  }
  truth.machines.set(stranger, {
    id: stranger,
    providerId: "",
    interfaces: 1,
    power: "on",
    onSinceMs: 0,
    ephemeral: null,
  });

  return {
    history,
    engine,
    story,
    truth,
    cluster: createMemoryCluster(),
    ledger,
    redis,
    cloud: weather,
    api: { down: false, lagMs: 10, forgetters: new Set() },
    pools: history.setting.pools.map(({ addresses, verify, ...pool }, index) =>
      poolSchema.parse({
        ...pool,
        name: poolName(index),
        cloud: "aws",
        region,
        select: { addresses: addresses.map(addressId) },
        waitSeconds: 20,
        ...(verify ? { verify: "http://echo.example/" } : {}),
      }),
    ),
    poolWatchers: new Set(),
    ledgerFor: (process, reaches) => ledgerFrom(ledger, engine, process, redis, reaches, lose),
    cloudFor: (process, reaches) =>
      createEc2Cloud(truth, throughWeather(engine, truth, weather, process, reaches, trap), process.name, engine.now),
    lockFor: (process, reaches) => lockFrom(locks, engine, process, () => reaches() && !redis.down),
    traps,
    held,
    losses,
  };
}
