import type { Blow, Process } from "../simulation/engine.ts";
import type { Happens, Setting } from "../simulation/history.ts";
import { perform } from "../simulation/perform.ts";
import { runHistory } from "../simulation/run.ts";
import type { Scene } from "../simulation/scene.ts";

/** The hands of whoever tells what happens, and the eyes. Nodes and pods are numbers. */
export interface Teller {
  readonly scene: Scene;
  readonly passes: (seconds: number) => Promise<void>;
  readonly happens: (...events: Happens[]) => void;
  /** What befalls calls from now on. */
  readonly aims: (tap: (call: string, process: Process) => Blow | undefined) => void;
  /** The reserved address on the node's machine, by the cloud's own record. */
  readonly carried: (node: number) => string | null;
  /** Whether the node's machine has a public address of its own. */
  readonly isEphemeral: (node: number) => boolean;
  /** What the pod's app was started with; undefined while its gate is closed. */
  readonly gate: (pod: number) => string | null | undefined;
  /** Every change in the cloud so far: `attach 203.0.113.1 i-001, by pod-0#0/worker-1`. */
  readonly changes: () => string[];
}

/** Lets it happen on the world of the simulation, from five seconds after the start on. Rejects when an invariant broke. */
export async function tell(setting: Setting, tale: (teller: Teller) => Promise<void>): Promise<void> {
  let failure: unknown;
  const { violations } = await runHistory({ seed: "tale", setting, events: [] }, false, async (scene, pass) => {
    const { world, nodes, pods } = scene;
    const machineOf = (node: number): string => nodes.all[node]?.machine ?? "";
    await pass(5_000);
    const teller: Teller = {
      scene,
      passes: (seconds) => pass(seconds * 1000),
      happens(...events) {
        for (const event of events) perform({ atMs: 0, ...event }, scene);
      },
      aims: (tap) => (world.engine.tap = tap),
      carried: (node) => world.truth.carriedBy(machineOf(node))?.ip ?? null,
      isEphemeral: (node) => (world.truth.machines.get(machineOf(node))?.ephemeral ?? null) !== null,
      gate: (number) => {
        const pod = pods.all.get(number);
        return pod?.ready === true ? pod.address : undefined;
      },
      changes: () => world.story.lines.flatMap((line) => /\bcloud +((?:attach|detach) .*)$/.exec(line)?.[1] ?? []),
    };
    // Expectations throw here, while the platform's clock is not its own: they are thrown again outside.
    await tale(teller).catch((error: unknown) => (failure = error));
  });
  if (failure !== undefined) throw failure;
  if (violations.length > 0) throw new Error(violations.join("\n"));
}
