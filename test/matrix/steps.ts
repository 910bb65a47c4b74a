import { readFileSync } from "node:fs";
import { z } from "zod";
import { actors, type Actor } from "./actors.ts";
import type { ScenarioName } from "./scenarios.ts";

export const phases = ["acquire", "attach", "confirm", "renew", "drain", "release", "detach", "repair"] as const;
export type Phase = (typeof phases)[number];

/** One call of one actor. */
export interface Step {
  readonly phase: Phase;
  readonly actor: Actor;
  readonly call: string;
  /** It is hit at its first time within the scenario, and at as many more as this says. */
  readonly times: number;
}

/** A line of the file: `attach worker cloud.AssociateAddress 1`. */
export const lineOf = ({ phase, actor, call, times }: Step): string => `${phase} ${actor} ${call} ${times}`;

const step = z.string().transform((line) => {
  const [phase, actor, call, times] = line.split(" ");
  return z
    .object({ phase: z.enum(phases), actor: z.enum(actors), call: z.string(), times: z.coerce.number().int().min(1) })
    .parse({ phase, actor, call, times });
});

export const stepsFile = new URL("steps.json", import.meta.url);

/**
 * Every step that the actors of a scenario take. A test holds the list to what they do: a call that is missing here, or that
 * nobody makes any more, fails it; `npm run matrix -- --record` shows what differs, and with `--write` puts it right.
 */
export const stepsOf = (scenario: ScenarioName): readonly Step[] => lists[scenario] ?? [];

const lists = z.record(z.string(), z.array(step)).parse(JSON.parse(readFileSync(stepsFile, "utf8")));
