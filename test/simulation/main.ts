import { parseArgs } from "node:util";
import { historyOf } from "./chance.ts";
import { runHistory } from "./run.ts";
import { shrink } from "./shrink.ts";
import { readStories } from "./stories.ts";

const usage = `npm run simulate -- [--histories N] [--seed S] [--from K] [--seconds N] [--all] [--full]

Runs the stories in test/simulation/stories, then N random histories (default 1000) of the whole protocol on simulated time; S names the series (default 1).
A history that breaks an invariant is made as short as it can be; it is printed (as JSON for the folder of stories), its
story is told, and the exit code is 1.
--from K starts at history K of the series, to run one again: --from K --histories 1. --seconds stops after that time.
--all goes on after a failure, --no-shrink only names it. --full tells the story with the programs' own logs.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      histories: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      from: { type: "string", default: "0" },
      seconds: { type: "string", default: "0" },
      all: { type: "boolean", default: false },
      "no-shrink": { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const from = Number(values.from);
  const until = from + Number(values.histories);
  const startedMs = performance.now();
  const elapsed = (): number => (performance.now() - startedMs) / 1000;
  const found = new Map<string, number>();
  let simulatedMs = 0;
  let ran = 0;
  const known = from === 0 ? [...(await readStories()).values()] : [];
  for (let number = from - known.length; number < until; number += 1) {
    if (Number(values.seconds) > 0 && elapsed() > Number(values.seconds)) break;
    const history = known.shift() ?? historyOf(`${values.seed}.${number}`);
    const outcome = await runHistory(history);
    simulatedMs += outcome.simulatedMs;
    ran += 1;
    const [first] = outcome.violations;
    if (first === undefined) continue;
    const kind = first.replaceAll(/[0-9.]+/g, "#").slice(0, 60);
    found.set(kind, (found.get(kind) ?? 0) + 1);
    process.stdout.write(`history ${history.seed}: ${first}\n`);
    if (values.all && found.get(kind) !== 1) continue;
    if (values["no-shrink"]) {
      if (values.all) continue;
      break;
    }
    const invariant = first.slice(0, first.indexOf(":"));
    const shortest = await shrink(history, invariant);
    const told = await runHistory(shortest, values.full);
    process.stdout.write(`${JSON.stringify(shortest)}\n${told.story.join("\n")}\n\n`);
    if (!values.all) break;
  }
  const rate = (ran / elapsed()).toFixed(1);
  const minutes = (simulatedMs / 60_000).toFixed(0);
  process.stdout.write(`${ran} histories, ${minutes} simulated minutes, ${elapsed().toFixed(1)} s, ${rate} a second\n`);
  for (const [kind, count] of found) process.stdout.write(`${count} × ${kind}\n`);
  return found.size === 0 ? 0 : 1;
}

process.exitCode = await main();
