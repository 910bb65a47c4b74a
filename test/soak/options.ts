import { parseArgs } from "node:util";
import { EgressError } from "../../shared/errors.ts";
import { environmentHelp } from "../e2e/settings.ts";

export const help = `npm run soak -- --minutes N [OPTION...]: churn and faults on the cluster of KUBECONFIG, which has to be the lab

  --minutes N    how long pods come and go and faults follow each other; the first and last calm come on top
  --seed S       the same seed, the same order of faults and steps; printed at the start
  --only KIND    this kind of fault only; may be repeated. --list prints the kinds
  --save FILE    writes the results as JSON, such as test/soak/last.json
  --keep         leaves everything in place afterwards
  --help

Ctrl-C ends it cleanly: machines on, links up, faults ended, pods and installation removed.

Environment:
${environmentHelp}`;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: string;
  readonly only: readonly string[];
  readonly save: string | null;
  readonly keep: boolean;
}

/** Reads the command line; a word instead of options is what is to be done instead. */
export function parseOptions(
  args: readonly string[],
  kinds: readonly string[],
  seed: string,
): SoakOptions | "help" | "list" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string" },
      seed: { type: "string" },
      only: { type: "string", multiple: true },
      save: { type: "string" },
      keep: { type: "boolean" },
      list: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  if (values.list) return "list";
  const minutes = Number(values.minutes);
  const problems: string[] = [];
  if (!(minutes > 0)) problems.push(`--minutes: seen '${values.minutes ?? ""}'; accepted: a number above 0`);
  for (const kind of values.only ?? []) {
    if (!kinds.includes(kind)) problems.push(`--only: seen '${kind}'; accepted: ${kinds.join(", ")}`);
  }
  if (problems.length > 0) throw new EgressError("CONFIG_INVALID", problems.join("; "));
  return {
    minutes,
    seed: values.seed ?? seed,
    only: values.only ?? [],
    save: values.save ?? null,
    keep: values.keep ?? false,
  };
}
