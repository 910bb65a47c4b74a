import { createRandom, type Random } from "./random.ts";
import type { RedisWeather } from "./ledger.ts";
import type { Weather } from "./weather.ts";

/** What happens to the world. Pods, nodes, pools and addresses are numbers; one that does not exist (any more) is left alone. */
export type Happens =
  | {
      readonly do: "create pod";
      readonly pod: number;
      readonly node: number;
      readonly pool: number;
      readonly graceMs: number;
      /** How long its app takes to end when it is told to. */
      readonly stopMs: number;
      /** A job ends by itself after this long; 0: it is none. */
      readonly jobMs: number;
      readonly proceed: boolean;
    }
  | { readonly do: "delete pod" | "force delete pod"; readonly pod: number }
  | { readonly do: "kill sidecar"; readonly pod: number; readonly againMs: number }
  | { readonly do: "kill worker"; readonly pod: number }
  /** The watch on pods forgets one for a moment, as when its label is taken off and put back. */
  | { readonly do: "watch forgets"; readonly pod: number }
  | { readonly do: "pause sidecar"; readonly pod: number; readonly forMs: number }
  | { readonly do: "kill controller"; readonly replica: number; readonly againMs: number }
  | { readonly do: "pause controller"; readonly replica: number; readonly forMs: number }
  | { readonly do: "power off" | "freeze" | "partition"; readonly node: number; readonly forMs: number }
  | { readonly do: "replace node"; readonly node: number; readonly afterMs: number; readonly inPlace: boolean }
  | { readonly do: "redis"; readonly forMs: number; readonly weather: Partial<RedisWeather> }
  | { readonly do: "cloud"; readonly forMs: number; readonly weather: Partial<Weather> }
  | { readonly do: "api server"; readonly forMs: number; readonly down: boolean; readonly lagMs: number }
  /** Somebody takes an address off by hand, or puts it on a machine of his own for a while. */
  | { readonly do: "take off by hand"; readonly address: number; readonly elsewhereMs: number }
  | { readonly do: "pool loses address" | "pool gets address"; readonly pool: number; readonly address: number }
  | { readonly do: "pool lingers"; readonly pool: number; readonly seconds: number }
  /** The next actor that comes to this moment is hit; `hold`: it stands still until another one is at work in the cloud. */
  | {
      readonly do: "trap";
      readonly moment: "read" | "machine read" | "sent" | "done";
      readonly blow: "kill" | "pause" | "hold";
      readonly forMs: number;
    }
  /** The next command of that name is lost, or its answer. */
  | { readonly do: "lose"; readonly command: string; readonly what: "request" | "answer" };

export type Event = Happens & { readonly atMs: number };

export interface Setting {
  /** AWS in direct mode; otherwise only the controller works, as for GCP. */
  readonly sidecarsWork: boolean;
  /** A change in the cloud takes up to this long on the best of days. */
  readonly slowMs: number;
  readonly pools: readonly {
    readonly addresses: readonly number[];
    readonly lingerSeconds: number;
    readonly unreachableSeconds: number;
    readonly onRelease: "release" | "keep" | "keepUntilNodeGone";
    readonly verify: boolean;
  }[];
  readonly nodes: readonly { readonly interfaces: number; readonly foreign: boolean }[];
}

export interface History {
  readonly seed: string;
  readonly setting: Setting;
  readonly events: readonly Event[];
}

/** A random history: the setting, and some dozens of events over some minutes. */
export function historyOf(seed: string): History {
  const random = createRandom(`history ${seed}`);
  // In a storm much happens at once to little: one or two nodes, one address, pods that come and go, actors that are hit.
  const storm = random.chance(0.7);
  // Only actors and the cloud are hit then: who is too late, and whom the cloud misleads.
  const isDuel = storm && random.chance(0.6);
  const setting = settingOf(random, storm);
  const lengthMs = (storm ? random.between(20, 120) : random.between(60, 400)) * 1000;
  const count = storm ? random.between(10, 50) : random.between(4, 40);
  const times = Array.from({ length: count }, () => random.between(0, lengthMs)).toSorted((a, b) => a - b);
  const calm = random.chance(0.1);
  let pods = 0;
  const events = times.map((atMs, index): Event => {
    const isPod = index < 2 || calm || random.chance(0.5);
    const fault = isDuel ? duelFault : faultOf;
    const happens = (isPod ? podEvent : fault)(random, setting, pods);
    if (happens.do === "create pod") pods += 1;
    return { atMs, ...happens };
  });
  return { seed, setting, events };
}

function settingOf(random: Random, storm: boolean): Setting {
  const pools = !storm && random.chance(0.25) ? 2 : 1;
  let addresses = 0;
  return {
    sidecarsWork: random.chance(0.6),
    slowMs: random.pick(storm ? [0, 3_000, 9_000] : [0, 1_000]),
    pools: Array.from({ length: pools }, () => ({
      addresses: Array.from({ length: random.between(1, storm ? 2 : 3) }, () => addresses++),
      lingerSeconds: storm ? 0 : random.pick([0, 0, 5, 30]),
      unreachableSeconds: random.pick([10, 60]),
      onRelease: random.pick(["release", "keep", "keepUntilNodeGone"] as const),
      verify: random.chance(0.2),
    })),
    nodes: Array.from({ length: random.between(1, storm ? 2 : 4) }, () => ({
      interfaces: random.chance(0.3) ? 2 : 1,
      foreign: !storm && random.chance(0.05),
    })),
  };
}

function podEvent(random: Random, setting: Setting, pods: number): Happens {
  if (pods === 0 || random.chance(0.55)) {
    return {
      do: "create pod",
      pod: pods,
      node: random.between(0, setting.nodes.length - 1),
      pool: random.between(0, setting.pools.length - 1),
      graceMs: random.pick([0, 5, 30, 60]) * 1000,
      stopMs: random.pick([100, 3_000, 40_000, 120_000]),
      jobMs: random.chance(0.2) ? random.between(1, 60) * 1000 : 0,
      proceed: random.chance(0.1),
    };
  }
  return { do: random.chance(0.8) ? "delete pod" : "force delete pod", pod: random.between(0, pods - 1) };
}

function duelFault(random: Random, setting: Setting, pods: number): Happens {
  const kinds: Happens["do"][] = ["trap", "trap", "trap", "cloud", "cloud", "pool lingers", "lose", "pause controller"];
  const kind = random.pick(kinds);
  for (;;) {
    const fault = faultOf(random, setting, pods);
    if (fault.do === kind) return fault;
  }
}

function faultOf(random: Random, setting: Setting, pods: number): Happens {
  const pod = random.between(0, Math.max(0, pods - 1));
  const node = random.between(0, setting.nodes.length - 1);
  const pool = random.between(0, setting.pools.length - 1);
  const replica = random.between(0, 1);
  const address = random.between(0, setting.pools.flatMap(({ addresses }) => addresses).length);
  const forMs = random.pick([500, 3_000, 12_000, 20_000, 45_000, 90_000, 180_000]);
  const kinds: (() => Happens)[] = [
    () => ({ do: "kill sidecar", pod, againMs: random.pick([500, 10_000, 100_000]) }),
    () => ({ do: "kill worker", pod }),
    () => ({ do: "watch forgets", pod }),
    () => ({ do: "pause sidecar", pod, forMs }),
    () => ({ do: "kill controller", replica, againMs: random.pick([1_000, 20_000, 60_000]) }),
    () => ({ do: "pause controller", replica, forMs }),
    () => ({ do: random.pick(["freeze", "partition"] as const), node, forMs }),
    () => ({ do: "power off", node, forMs: random.pick([45_000, 90_000, 180_000]) }),
    () => ({ do: "replace node", node, afterMs: random.pick([100, 5_000, 60_000]), inPlace: random.chance(0.5) }),
    () => ({ do: "redis", forMs, weather: redisWeather(random) }),
    () => ({ do: "cloud", forMs, weather: cloudWeather(random) }),
    () => ({ do: "cloud", forMs, weather: cloudWeather(random) }),
    () => ({ do: "api server", forMs, down: random.chance(0.6), lagMs: random.pick([10, 1_000, 10_000]) }),
    () => ({ do: "take off by hand", address, elsewhereMs: random.pick([0, 20_000, 120_000]) }),
    () => ({ do: random.pick(["pool loses address", "pool gets address"] as const), pool, address }),
    () => ({ do: "pool lingers", pool, seconds: random.pick([0, 10, 60]) }),
    ...Array.from({ length: 6 }, () => () => ({
      do: "trap" as const,
      moment: random.pick(["read", "sent", "done"] as const),
      blow: random.pick(["kill", "pause", "hold", "hold"] as const),
      forMs: random.pick([3_000, 17_000, 40_000, 100_000]),
    })),
    ...Array.from({ length: 2 }, () => () => ({
      do: "lose" as const,
      command: random.pick(["acquire", "begin", "settle", "release", "renew", "drain", "putInventory"]),
      what: random.pick(["request", "answer"] as const),
    })),
  ];
  return random.pick(kinds)();
}

function redisWeather(random: Random): Partial<RedisWeather> {
  return random.pick<Partial<RedisWeather>>([
    { down: true },
    { down: true },
    { lostAnswers: 0.3 },
    { lostRequests: 0.3 },
    { slowMs: 2_000 },
  ]);
}

function cloudWeather(random: Random): Partial<Weather> {
  return random.pick<Partial<Weather>>([
    { down: true },
    { throttled: 0.7 },
    { throttled: 1 },
    { lostAnswers: 0.5 },
    { lostRequests: 0.5 },
    { staleMs: 4_000 },
    { slowMs: 9_000 },
    { slowMs: 3_000, lostAnswers: 0.3, staleMs: 2_000 },
  ]);
}
