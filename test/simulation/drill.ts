import { kindOf, lengthOf } from "./kinds.ts";
import { perform } from "./perform.ts";
import type { Scene } from "./scene.ts";
import { untidy } from "./tidy.ts";
import type { Change } from "./truth.ts";

/** How long something was not as it should be. */
export interface Repair {
  readonly kind: string;
  readonly seconds: number;
}

const patienceMs = 900_000;
/** All has to stay well for this long. */
const calmMs = 15_000;
/** What goes on elsewhere when a node falls silent. */
const silencing: ReadonlySet<string> = new Set(["power off", "freeze", "partition", "node goes"]);

/**
 * The history's last event, alone in a world where all is well: answers how long it took after its end (or after it happened,
 * where it has none) until all was well and stayed so; and how long until the address of a node that fell silent served another.
 */
export async function drill(scene: Scene, pass: (ms: number) => Promise<void>): Promise<Repair[]> {
  const { world, nodes, pods, invariants } = scene;
  const { engine, story } = world;
  const fault = world.history.events.at(-1);
  const kind = fault && kindOf(fault);
  if (fault === undefined || kind === undefined) return [];
  const repairs: Repair[] = [];
  const beganMs = engine.now();
  const secondsSince = (ms: number): number => Math.round((engine.now() - ms) / 100) / 10;
  const moves = ({ kind: change, by }: Change): void => {
    if (change !== "attach" || by === "hand" || !silencing.has(fault.do) || repairs.length > 0) return;
    repairs.push({ kind: `${kind}: its address serves another node`, seconds: secondsSince(beganMs) });
  };
  invariants.watches(moves);
  perform(fault, scene);
  await pass(lengthOf(fault));
  const overMs = engine.now();
  let wellSinceMs = overMs;
  while (story.violations.length === 0 && engine.now() - wellSinceMs < calmMs) {
    await pass(1_000);
    if (untidy(world, nodes, pods, await world.ledger.snapshot()).length > 0) wellSinceMs = engine.now();
    if (engine.now() > overMs + patienceMs) return repairs; // what follows says what is wrong
  }
  repairs.push({ kind, seconds: Math.round((wellSinceMs - overMs) / 100) / 10 });
  return repairs;
}
