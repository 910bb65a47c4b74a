import { faultOf } from "./faults.ts";
import type { Event, Happens, History, Setting } from "./history.ts";
import { createRandom, type Random } from "./random.ts";

/** A random history: the setting, and some dozens of events over some minutes. */
export function historyOf(seed: string): History {
  const random = createRandom(`history ${seed}`);
  if (random.chance(0.12)) return drillOf(seed, random);
  // In a storm much happens at once to little: one or two nodes, one address, pods that come and go, actors that are hit.
  const storm = random.chance(0.6);
  // Only actors and the cloud are hit then: who is too late, and whom the cloud misleads.
  const isDuel = storm && random.chance(0.5);
  const setting = settingOf(random, storm);
  const lengthMs = (storm ? random.between(20, 120) : random.between(60, 400)) * 1000;
  const count = storm ? random.between(10, 50) : random.between(4, 40);
  const times = Array.from({ length: count }, () => random.between(0, lengthMs)).toSorted((a, b) => a - b);
  const calm = random.chance(0.1);
  let pods = 0;
  const events = times.map((atMs, index): Event => {
    const isPod = index < 2 || calm || random.chance(0.5);
    const happens = isPod ? podEvent(random, setting, pods) : faultOf(random, setting, pods, isDuel);
    if (happens.do === "create pod") pods += 1;
    return { atMs, ...happens };
  });
  return { seed, setting, events };
}

/** What is armed and waits for its moment, or is no fault: not for a drill. */
const notDrilled: ReadonlySet<Happens["do"]> = new Set([
  "trap",
  "lose",
  "pool gets address",
  "pool loses address",
  "pool lingers",
]);

function drillOf(seed: string, random: Random): History {
  const setting = { ...settingOf(random, false), rests: false };
  const pods = random.between(1, 4);
  const events = Array.from({ length: pods }, (_, pod): Event => {
    const node = pod % setting.nodes.length;
    const fitting = setting.pools.findIndex(({ cloud }) => cloud === setting.nodes[node]?.cloud);
    const ends = { graceMs: 30_000, stopMs: 3_000, jobMs: 0, proceed: false };
    return { atMs: pod * 300, do: "create pod", pod, node, pool: Math.max(0, fitting), ...ends };
  });
  for (;;) {
    const fault = faultOf(random, setting, pods, false);
    if (!notDrilled.has(fault.do))
      return { seed, setting, drill: true, events: [...events, { atMs: 2_000, ...fault }] };
  }
}

function settingOf(random: Random, storm: boolean): Setting {
  const pools = !storm && random.chance(0.25) ? 2 : 1;
  const clouds = random.pick([["aws"], ["aws"], ["gcp"], ["aws", "gcp"]] as const);
  let addresses = 0;
  return {
    sidecarsWork: random.chance(0.6),
    slowMs: random.pick(storm ? [0, 3_000, 9_000] : [0, 1_000]),
    replicas: random.pick([1, 2, 2, 2, 3]),
    rests: random.chance(0.2),
    pools: Array.from({ length: pools }, (_, index) => ({
      cloud: clouds[index % clouds.length] ?? "aws",
      addresses: Array.from({ length: random.between(1, storm ? 2 : 3) }, () => addresses++),
      lingerSeconds: storm ? 0 : random.pick([0, 0, 5, 30]),
      unreachableSeconds: random.pick([10, 60]),
      onRelease: random.pick(["release", "keep", "keepUntilNodeGone"] as const),
      verify: random.chance(0.2),
    })),
    nodes: Array.from({ length: random.between(1, storm ? 2 : 4) }, (_, index) => {
      const cloud = pools === 1 ? clouds[0] : (clouds[index % clouds.length] ?? "aws");
      const carries =
        !storm && random.chance(0.05) ? "foreign" : cloud === "gcp" && random.chance(0.1) ? "none" : "ephemeral";
      return { cloud, interfaces: random.chance(0.3) ? 2 : 1, carries } as const;
    }),
  };
}

function podEvent(random: Random, setting: Setting, pods: number): Happens {
  if (pods === 0 || random.chance(0.55)) {
    const node = random.between(0, setting.nodes.length - 1);
    const cloud = setting.nodes[node]?.cloud;
    // Where clouds are mixed a pod is steered to a node of its pool's cloud by its user.
    const fitting = setting.pools.flatMap((pool, index) => (pool.cloud === cloud ? [index] : []));
    return {
      do: "create pod",
      pod: pods,
      node,
      pool: fitting.length === 0 ? 0 : random.pick(fitting),
      graceMs: random.pick([0, 5, 30, 60]) * 1000,
      stopMs: random.pick([100, 3_000, 40_000, 120_000]),
      jobMs: random.chance(0.2) ? random.between(1, 60) * 1000 : 0,
      proceed: random.chance(0.1),
    };
  }
  return { do: random.chance(0.8) ? "delete pod" : "force delete pod", pod: random.between(0, pods - 1) };
}
