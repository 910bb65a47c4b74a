import { drill, type Repair } from "./drill.ts";
import { takeOver } from "./globals.ts";
import type { History } from "./history.ts";
import { createInvariants, type Invariants } from "./invariants.ts";
import { createNodes, type Nodes } from "./nodes.ts";
import { perform } from "./perform.ts";
import type { Pod } from "./pod.ts";
import { createPods, type Pods } from "./pods.ts";
import { startReplica } from "./replicas.ts";
import { heal, type Scene } from "./scene.ts";
import { createStory } from "./story.ts";
import { untidy } from "./tidy.ts";
import { createWorld, poolName, type World } from "./world.ts";

export interface Outcome {
  /** Empty: all invariants held. */
  readonly violations: readonly string[];
  readonly story: readonly string[];
  readonly simulatedMs: number;
  readonly repairs: readonly Repair[];
  readonly happened: number;
}

/** Until all is tidy again: linger, adoption, the longest retry, an inventory, a silent node, and some more. */
const patienceMs = 900_000;
/** How long nothing happens to a world that rests. */
const restMs = 120_000;

/** Lets simulated time pass, up to the first violation. */
export type Pass = (ms: number) => Promise<void>;

/** Runs one history to its end, as `how` has it. The same history always runs the same way. */
export async function runHistory(
  history: History,
  full = false,
  how: (scene: Scene, pass: Pass) => Promise<readonly Repair[] | void> = play,
): Promise<Outcome> {
  const story = createStory(full);
  let invariants: Invariants | undefined;
  let repairs: readonly Repair[] = [];
  const world = createWorld(history, story, {
    changes: (change) => invariants?.changes(change),
    called: (call, by) => invariants?.called(call, by),
    twiceReleased: (machine, by) => invariants?.twiceReleased(machine, by),
  });
  const { engine } = world;
  const beganMs = engine.now();
  const giveBack = takeOver(engine);
  const broken = (error: unknown): void =>
    story.violate(
      "program",
      `${engine.current()?.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  process.on("unhandledRejection", broken);
  try {
    const pods = createPods(world, { opened: (pod, ip, isFirst) => invariants?.opens(pod, ip, isFirst) });
    const nodes = populate(world, pods);
    invariants = createInvariants(world, pods);
    const replicas = Array.from({ length: history.setting.replicas }, (_, at) => startReplica(world, at, 0));
    const failed = (): boolean => story.violations.length > 0;
    const measured = await how({ world, nodes, pods, invariants, replicas }, async (ms) => {
      if (!failed()) await engine.run(engine.now() + ms, failed);
    });
    repairs = measured ?? [];
  } finally {
    giveBack();
    process.off("unhandledRejection", broken);
  }
  return {
    violations: story.violations,
    story: story.lines,
    simulatedMs: engine.now() - beganMs,
    repairs,
    happened: engine.happened(),
  };
}

/** The nodes, and what their ends mean for pods. */
function populate(world: World, pods: Pods): Nodes {
  const podsOn = (machine: string): Pod[] => [...pods.all.values()].filter((pod) => pod.machine === machine);
  return createNodes(world, {
    stopped: (node) => pods.stopped(node),
    started: (node) => pods.booted(node),
    moved: (node) => pods.moved(node),
    gone(node) {
      for (const pod of podsOn(node.machine)) pod.excused = "its node is gone";
      pods.nodeGone(node);
    },
    silent(node, forSeconds) {
      for (const pod of podsOn(node.machine)) {
        // A pool that has left the file is judged by the usual time; one that comes back by its own again.
        const own = world.history.setting.pools.find((_, at) => poolName(at) === pod.pool)?.unreachableSeconds;
        if (forSeconds >= Math.min(60, own ?? 60)) pod.excused = "its node is silent";
      }
    },
  });
}

async function play(scene: Scene, pass: Pass): Promise<readonly Repair[]> {
  const { world, pods, invariants } = scene;
  const { engine, story, history } = world;
  await pass(5_000);
  const begin = engine.now();
  const isDrill = history.drill === true;
  for (const event of isDrill ? history.events.slice(0, -1) : history.events) {
    await pass(begin + event.atMs - engine.now());
    if (story.violations.length > 0) return [];
    perform(event, scene);
  }
  if (isDrill) await settle(scene, pass, "before its fault");
  const repairs = isDrill ? await drill(scene, pass) : [];
  await pass(20_000);
  heal(scene);
  await settle(scene, pass, "with its pods");
  const jobs = [...pods.all.values()].some(({ jobMs, phase }) => jobMs > 0 && phase !== "gone");
  const comes = scene.nodes.all.some(({ lost }) => lost);
  if (history.setting.rests && !jobs && !comes) {
    // What a doubt has held back is done when it ends.
    await pass(Math.max(0, world.ledger.dump().beat.doubtUntilMs + restMs - engine.now()));
    const judge = invariants.rests();
    await pass(restMs);
    judge();
  }
  for (const pod of pods.all.values()) pods.remove(pod, false);
  await settle(scene, pass, "without pods");
  return repairs;
}

/** Waits until all is tidy, and still is a while later. */
async function settle(scene: Scene, pass: Pass, when: string): Promise<void> {
  const { world, nodes, pods } = scene;
  const { engine, story } = world;
  const untilMs = engine.now() + patienceMs;
  let tidy = 0;
  let wrong: string[] = [];
  while (engine.now() < untilMs && story.violations.length === 0) {
    await pass(5_000);
    wrong = untidy(world, nodes, pods, await world.ledger.snapshot());
    tidy = wrong.length === 0 ? tidy + 1 : 0;
    if (tidy >= 3) return;
  }
  if (story.violations.length === 0) story.violate("4", `not tidy ${when}: ${wrong.join("; ")}`);
}
