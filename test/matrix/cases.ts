import { actorOf, podOf } from "./actors.ts";
import { faults, portOf, type Fault } from "./faults.ts";
import { play, type Played } from "./play.ts";
import { scenarios, type Scenario, type ScenarioName } from "./scenarios.ts";
import { stepsOf, type Step } from "./steps.ts";
import { strike } from "./strike.ts";

export interface Case {
  readonly scenario: ScenarioName;
  readonly step: Step;
  /** Which time that the step is taken: 1 is the first. */
  readonly time: number;
  readonly fault: Fault;
}

export interface Tried extends Played {
  /** Whether the actor came to the step at all. */
  readonly reached: boolean;
}

/** The faults that mean something at a step. */
export const faultsAt = (call: string): readonly Fault[] => faults.filter(({ at }) => at.includes(portOf(call)));

/** Every step, each time that it counts, with every fault that means something there. */
export function casesOf(scenario: ScenarioName): Case[] {
  const { except }: Scenario = scenarios[scenario];
  return stepsOf(scenario).flatMap((step) => {
    const times = Array.from({ length: step.times }, (_, index) => index + 1);
    const met = faultsAt(step.call).filter(({ name }) => name !== except?.fault);
    return times.flatMap((time) => met.map((fault) => ({ scenario, step, time, fault })));
  });
}

export const isStepOf = (scenario: Scenario, podNumber: number): boolean =>
  podNumber === -1 || podNumber === scenario.pod;

export const titleOf = ({ step, time, fault }: Case): string =>
  `${step.phase}: ${step.actor} ${step.call}${step.times > 1 ? ` (${time})` : ""}: ${fault.name}`;

/** Plays the case to its end. */
export async function tryCase({ scenario, step, time, fault }: Case, full = false): Promise<Tried> {
  let seen = 0;
  const played = await play(
    scenarios[scenario],
    (call, process, scene) => {
      if (call !== step.call || actorOf(process, call) !== step.actor) return undefined;
      if (!isStepOf(scenarios[scenario], podOf(process))) return undefined;
      seen += 1;
      return seen === time ? strike(fault, call, process, scene) : undefined;
    },
    full,
  );
  return { ...played, reached: seen >= time };
}
