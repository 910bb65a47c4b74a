import { actorOf, podOf, type Actor } from "./actors.ts";
import { isStepOf } from "./cases.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenarios.ts";
import type { Step } from "./steps.ts";

export interface Recorded {
  readonly actor: Actor;
  readonly call: string;
  /** How often within the scenario's time. */
  readonly times: number;
}

/** The steps that a scenario's actors take when nothing goes wrong, in the order of their first time. */
export async function record(scenario: Scenario): Promise<{ made: Recorded[]; violations: readonly string[] }> {
  const times = new Map<string, Recorded>();
  const { violations } = await play(scenario, (call, process) => {
    const actor = actorOf(process, call);
    if (!isStepOf(scenario, podOf(process)) || !scenario.actors.includes(actor)) return undefined;
    const key = `${actor} ${call}`;
    times.set(key, { actor, call, times: (times.get(key)?.times ?? 0) + 1 });
    return undefined;
  });
  return { made: [...times.values()], violations };
}

/** The list as it should be: what is made, in its order; a new step belongs to the phase of the one before it. */
export function corrected(listed: readonly Step[], made: readonly Recorded[]): Step[] {
  let phase = listed[0]?.phase ?? "repair";
  return made.map(({ actor, call, times }) => {
    const known = listed.find((step) => step.actor === actor && step.call === call);
    phase = known?.phase ?? phase;
    return { phase, actor, call, times: Math.min(times, known?.times ?? 1) };
  });
}
