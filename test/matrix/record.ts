import { actorOf, podOf, type Actor } from "./actors.ts";
import { isStepOf } from "./cases.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenarios.ts";

export interface Recorded {
  readonly actor: Actor;
  readonly call: string;
  /** How often within the scenario's time. */
  readonly times: number;
}

/** The steps that a scenario's actors take when nothing goes wrong, in the order of their first time. */
export async function record(
  scenario: Scenario,
  full = false,
): Promise<{ steps: Recorded[]; violations: readonly string[]; story: readonly string[] }> {
  const times = new Map<string, { actor: Actor; call: string; times: number }>();
  const { violations, story } = await play(
    scenario,
    (call, process) => {
      const actor = actorOf(process, call);
      const isTheirs = isStepOf(scenario, podOf(process));
      if (!isTheirs || !scenario.actors.includes(actor)) return undefined;
      const key = `${actor} ${call}`;
      const before = times.get(key);
      if (before === undefined) times.set(key, { actor, call, times: 1 });
      else before.times += 1;
      return undefined;
    },
    full,
  );
  return { steps: [...times.values()], violations, story };
}
