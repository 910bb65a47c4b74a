import type { ControllerHappens, Happens, NodeHappens, OutsideHappens, PodHappens, Setting } from "./history.ts";
import type { RedisWeather } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Weather } from "./weather.ts";

interface Draw {
  readonly random: Random;
  readonly setting: Setting;
  readonly pod: number;
  readonly node: number;
  readonly pool: number;
  readonly replica: number;
  readonly address: number;
  readonly forMs: number;
}

/** A kind of fault, and how often it is drawn. */
type Kind = readonly [weight: number, draw: (draw: Draw) => Happens];

/** A random fault. `isDuel`: one of those that decide who comes too late. */
export function faultOf(random: Random, setting: Setting, pods: number, isDuel: boolean): Happens {
  const addresses = setting.pools.flatMap((pool) => pool.addresses).length;
  const draw: Draw = {
    random,
    setting,
    pod: random.between(0, Math.max(0, pods - 1)),
    node: random.between(0, setting.nodes.length - 1),
    pool: random.between(0, setting.pools.length - 1),
    replica: random.between(0, setting.replicas - 1),
    address: random.between(0, addresses + setting.pools.length - 1),
    forMs: random.pick([500, 3_000, 12_000, 20_000, 45_000, 90_000, 180_000]),
  };
  return pick(random, isDuel ? duel : anything)(draw);
}

function pick(random: Random, kinds: readonly Kind[]): Kind[1] {
  let lot = random.next() * kinds.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, draw] of kinds) {
    lot -= weight;
    if (lot < 0) return draw;
  }
  throw new Error("nothing to pick from");
}

const killSidecar = ({ random, pod }: Draw): PodHappens => ({
  do: "kill sidecar",
  pod,
  againMs: random.pick([500, 10_000, 100_000]),
});
const pauseController = ({ replica, forMs }: Draw): ControllerHappens => ({ do: "pause controller", replica, forMs });
const killController = ({ random, replica }: Draw): ControllerHappens => ({
  do: "kill controller",
  replica,
  againMs: random.pick([1_000, 20_000, 60_000]),
});
const apiServer = ({ random, forMs }: Draw): ControllerHappens => ({
  do: "api server",
  forMs,
  down: random.chance(0.6),
  lagMs: random.pick([10, 1_000, 10_000]),
});
const jump = (random: Random): number => random.pick([-3_600_000, -30_000, 30_000, 3_600_000]);
/** Only on GCE a Node object can stay: elsewhere another machine has another providerID, and that never changes. */
const replaceNode = ({ random, node, setting }: Draw): NodeHappens => ({
  do: "replace node",
  node,
  afterMs: random.pick([100, 5_000, 60_000]),
  object: random.pick(
    setting.nodes[node]?.cloud === "gcp"
      ? (["goes", "is replaced", "stays"] as const)
      : (["goes", "is replaced"] as const),
  ),
});
const takeOff = ({ random, address }: Draw): OutsideHappens => ({
  do: "take off by hand",
  address,
  elsewhereMs: random.pick([0, 20_000, 120_000]),
});
const trap = ({ random }: Draw): OutsideHappens => ({
  do: "trap",
  moment: random.pick(["read", "sent", "done"] as const),
  blow: random.pick(["kill", "pause", "hold", "hold", "power off", "terminate"] as const),
  forMs: random.pick([3_000, 17_000, 40_000, 100_000]),
});
const lose = ({ random }: Draw): OutsideHappens => ({
  do: "lose",
  command: random.pick(["acquire", "begin", "settle", "release", "renew", "drain", "putInventory"]),
  what: random.pick(["request", "answer"] as const),
});
const redisLoses = ({ random }: Draw): OutsideHappens => {
  const everything = { what: "everything", latestMs: 0, otherServer: random.chance(0.5) } as const;
  // Only a server that starts, or takes over, has older data.
  const latestMs = random.pick([50, 500, 3_000, 20_000, 120_000]);
  const latest = { what: "latest", latestMs, otherServer: true } as const;
  return {
    do: "redis loses",
    ...(random.chance(0.4) ? everything : latest),
    downMs: random.pick([0, 0, 3_000, 40_000, 180_000]),
  };
};
const pools = ({ random, pool, address }: Draw): OutsideHappens => ({
  do: random.pick(["pool loses address", "pool gets address"] as const),
  pool,
  address,
});
const lingers = ({ random, pool }: Draw): OutsideHappens => ({
  do: "pool lingers",
  pool,
  seconds: random.pick([0, 10, 60]),
});
const cloud = ({ random, forMs }: Draw): OutsideHappens => ({ do: "cloud", forMs, weather: cloudWeather(random) });

const duel: readonly Kind[] = [
  [3, trap],
  [2, cloud],
  [1, lingers],
  [1, lose],
  [1, pauseController],
  [0.7, redisLoses],
];

const anything: readonly Kind[] = [
  [1, killSidecar],
  [1, ({ pod }) => ({ do: "kill worker", pod })],
  [1, ({ pod, forMs }) => ({ do: "pause sidecar", pod, forMs })],
  [1, killController],
  [0.5, ({ random }) => ({ do: "kill all controllers", againMs: random.pick([5_000, 60_000, 240_000]) })],
  [1, pauseController],
  [0.5, ({ random, replica, forMs }) => ({ do: "controller's clock jumps", replica, byMs: jump(random), forMs })],
  [1, apiServer],
  [1, ({ pod }) => ({ do: "watch forgets", pod })],
  [0.5, ({ forMs }) => ({ do: "watch gap", forMs })],
  [1, ({ random, node, forMs }) => ({ do: random.pick(["freeze", "partition"] as const), node, forMs })],
  [0.5, ({ node, forMs }) => ({ do: "kubelet stops", node, forMs })],
  [
    0.5,
    ({ random, node, forMs }) => ({
      do: "cut off",
      node,
      from: random.pick(["redis", "cloud", "api server"] as const),
      forMs,
    }),
  ],
  [0.5, ({ random, node, forMs }) => ({ do: "clock jumps", node, byMs: jump(random), forMs })],
  [1, ({ random, node }) => ({ do: "power off", node, forMs: random.pick([45_000, 90_000, 180_000]) })],
  [1, replaceNode],
  [0.5, ({ node }) => ({ do: "drain node", node })],
  [0.5, ({ random, node }) => ({ do: "reclaim node", node, noticeMs: random.pick([30_000, 120_000]) })],
  [0.2, ({ random, node }) => ({ do: "node goes", node, afterMs: random.pick([100, 30_000]) })],
  [1, ({ random, forMs }) => ({ do: "redis", forMs, weather: redisWeather(random) })],
  [1.5, redisLoses],
  [0.02, ({ random }) => ({ do: "redis", forMs: 3_600_000, weather: redisWeather(random) })],
  [2, cloud],
  [1, takeOff],
  [0.3, ({ address }) => ({ do: "address deleted", address })],
  [1, pools],
  [1, lingers],
  [0.3, ({ pool, forMs }) => ({ do: "pool goes", pool, forMs })],
  [6, trap],
  [2, lose],
];

function redisWeather(random: Random): Partial<RedisWeather> {
  return random.pick<Partial<RedisWeather>>([
    { down: true },
    { down: true },
    { lostAnswers: 0.3 },
    { lostRequests: 0.3 },
    { slowMs: 2_000 },
    { refuses: "writes, read-only" },
    { refuses: "writes, full" },
  ]);
}

function cloudWeather(random: Random): Partial<Weather> {
  return random.pick<Partial<Weather>>([
    { down: true },
    { throttled: 0.7 },
    { throttled: 1 },
    { errors: 0.5 },
    { denied: "changes" },
    { denied: "reads" },
    { lostAnswers: 0.5 },
    { lostRequests: 0.5 },
    { staleMs: 4_000 },
    { slowMs: 9_000 },
    { failedOperations: 0.5 },
    { slowMs: 3_000, lostAnswers: 0.3, staleMs: 2_000, failedOperations: 0.2 },
  ]);
}
