import type { Blow, Process } from "../simulation/engine.ts";
import { perform } from "../simulation/perform.ts";
import { runHistory, type Pass } from "../simulation/run.ts";
import type { Scene } from "../simulation/scene.ts";
import { untidy } from "../simulation/tidy.ts";
import type { Scenario } from "./scenarios.ts";

export interface Played {
  /** Empty: every invariant held, and all was well at the end. */
  readonly violations: readonly string[];
  readonly story: readonly string[];
  /** When the blow fell, of the scenario's time; undefined: none did. */
  readonly hitAtMs: number | undefined;
  /** Since when all was well and stayed so. */
  readonly wellAtMs: number;
}

/** What a case does with a call within the scenario's time; `when` is the moment until which it has its effect. */
export type Aim = (
  call: string,
  process: Process,
  scene: Scene,
) => { readonly blow: Blow; readonly forMs: number } | undefined;

const election = 5_000;
/** All has to stay well for this long. */
const calmMs = 12_000;
/** With pods: the longest retry, an inventory, a silent node, and some more. */
const patienceMs = 600_000;
/** Without pods and faults: the pods' own end, one sweep and one retry; linger comes on top. */
const emptyMs = 45_000;

/** Plays a scenario, lets `aim` see every call within its time, and checks everything from the outside until the very end. */
export async function play(scenario: Scenario, aim: Aim, full = false): Promise<Played> {
  const { setting, events, fromMs, untilMs } = scenario;
  const history = { seed: "matrix", setting, events };
  let hitAtMs: number | undefined;
  let wellAtMs = 0;

  const outcome = await runHistory(history, full, async (scene, pass) => {
    const { world, pods } = scene;
    const { engine } = world;
    await pass(election);
    const begin = engine.now();
    let quietFromMs = begin + untilMs;
    engine.tap = (call, process) => {
      const atMs = engine.now() - begin;
      const hit = atMs >= fromMs && atMs < untilMs ? aim(call, process, scene) : undefined;
      if (hit === undefined) return undefined;
      hitAtMs = atMs;
      quietFromMs = Math.max(quietFromMs, engine.now() + hit.forMs);
      world.story.tell("matrix", `hits ${process.name} at ${call}`);
      return hit.blow;
    };
    for (const event of events) {
      await pass(begin + event.atMs - engine.now());
      perform(event, scene);
    }
    wellAtMs = (await settle(scene, pass, () => quietFromMs, patienceMs)) - begin;
    const linger = Math.max(...world.pools.map(({ lingerSeconds }) => lingerSeconds)) * 1000;
    for (const pod of pods.all.values()) pods.remove(pod, false);
    // A ledger in doubt detaches nothing before its time is up.
    await settle(scene, pass, () => world.ledger.dump().beat.doubtUntilMs, emptyMs + linger);
  });
  return { violations: outcome.violations, story: outcome.story, hitAtMs, wellAtMs };
}

/** Waits until all is well and stays so, from `quietFrom` on; answers since when it is. */
async function settle(scene: Scene, pass: Pass, quietFrom: () => number, patience: number): Promise<number> {
  const { world, nodes, pods } = scene;
  const { engine, story } = world;
  let sinceMs = engine.now();
  const startMs = engine.now();
  for (;;) {
    const wrong = untidy(world, nodes, pods, await world.ledger.snapshot());
    if (wrong.length > 0) sinceMs = engine.now() + 1;
    const now = engine.now();
    // `quietFrom` may copy a whole ledger: it is asked last.
    if (story.violations.length > 0 || (now - sinceMs >= calmMs && now >= quietFrom())) return sinceMs;
    if (now > startMs + patience && now > quietFrom() + patience) {
      story.violate("4", `not well after ${patience / 1000} s: ${wrong.join("; ")}`);
      return sinceMs;
    }
    await pass(1_000);
  }
}
