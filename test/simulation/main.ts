import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { historyOf } from "./chance.ts";
import type { History } from "./history.ts";
import { runHistory } from "./run.ts";
import { shrink } from "./shrink.ts";
import { readStories } from "./stories.ts";
import { createTally } from "./tally.ts";

const usage = `npm run simulate -- [--histories N] [--seed S] [--from K] [--seconds N] [--json FILE] [--all] [--full]

Runs the stories in test/simulation/stories, then N random histories (default 1000) of the whole protocol on simulated time; S names the series (default 1).
A history that breaks an invariant is made as short as it can be; it is printed (as JSON for the folder of stories), its
story is told, and the exit code is 1.
--from K starts at history K of the series, to run one again: --from K --histories 1. --seconds stops after that time.
--json writes the figures: faults and seconds until repaired by kind. test/simulation/last.json is of the last long run.
--all goes on after a failure, --no-shrink only names it. --full tells the story with the programs' own logs.
`;
/** The figures of a long run are written this often, so that they are not lost with it. */
const writeEvery = 1_000;

const options = {
  histories: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
  from: { type: "string", default: "0" },
  seconds: { type: "string", default: "0" },
  json: { type: "string", default: "" },
  all: { type: "boolean", default: false },
  "no-shrink": { type: "boolean", default: false },
  full: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const from = Number(values.from);
  const until = from + Number(values.histories);
  const startedMs = performance.now();
  const elapsed = (): number => (performance.now() - startedMs) / 1000;
  const tally = createTally();
  const found = new Map<string, number>();
  let ran = 0;

  async function keepFigures(): Promise<void> {
    if (values.json === "") return;
    const cpu = process.cpuUsage();
    const cpuSeconds = Math.round((cpu.user + cpu.system) / 1e6);
    const run = { at: new Date().toISOString(), seed: values.seed, wallSeconds: Math.round(elapsed()), cpuSeconds };
    await writeFile(values.json, `${JSON.stringify({ ...run, ...tally.figures() }, null, 2)}\n`);
  }

  const known = from === 0 ? [...(await readStories()).values()] : [];
  for (let number = from - known.length; number < until; number += 1) {
    if (Number(values.seconds) > 0 && elapsed() > Number(values.seconds)) break;
    const history = known.shift() ?? historyOf(`${values.seed}.${number}`);
    const outcome = await runHistory(history);
    tally.add(history, outcome);
    ran += 1;
    if (ran % writeEvery === 0) await keepFigures();
    const [first] = outcome.violations;
    if (first === undefined) continue;
    const kind = first.replaceAll(/[0-9.]+/g, "#").slice(0, 60);
    found.set(kind, (found.get(kind) ?? 0) + 1);
    process.stdout.write(`history ${history.seed}: ${first}\n`);
    if (!values["no-shrink"] && found.get(kind) === 1) await tellShortest(history, first, values.full);
    if (!values.all) break;
  }
  await keepFigures();
  process.stdout.write(`${ran} histories, ${elapsed().toFixed(1)} s, ${(ran / elapsed()).toFixed(1)} a second\n`);
  for (const [kind, count] of found) process.stdout.write(`${count} × ${kind}\n`);
  return found.size === 0 ? 0 : 1;
}

async function tellShortest(history: History, violation: string, full: boolean): Promise<void> {
  const shortest = await shrink(history, violation.slice(0, violation.indexOf(":")));
  const told = await runHistory(shortest, full);
  process.stdout.write(`${JSON.stringify(shortest)}\n${told.story.join("\n")}\n\n`);
}

process.exitCode = await main();
