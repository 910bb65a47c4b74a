import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { casesOf, titleOf, tryCase } from "./cases.ts";
import { play } from "./play.ts";
import { corrected, record } from "./record.ts";
import { scenarios, type ScenarioName } from "./scenarios.ts";
import { lineOf, stepsOf, stepsFile } from "./steps.ts";
import { rowsBy, survived, textOf, type Result } from "./table.ts";

const usage = `npm run matrix -- [--only TEXT] [--first] [--full] [--write] [--record]

Every step of an address' life, with every fault that means something there, on simulated time; all invariants are checked
after each case. Prints a table by kind of fault and by phase; the exit code is 1 when a case was not survived.
--only tries the cases whose name (scenario/phase: actor call: fault) has the text in it; --full tells their stories, --first
stops at one that was not survived.
--write keeps the table in test/matrix/last.json. --record shows where the list of steps (test/matrix/steps.json) differs from
what actors do now; --record --write puts it right: look at the phases of what it adds.
`;
const last = new URL("last.json", import.meta.url);
const say = (text: string): unknown => process.stdout.write(`${text}\n`);

async function recordAll(write: boolean): Promise<number> {
  let differences = 0;
  const lists: Record<string, string[]> = {};
  for (const name of Object.keys(scenarios) as ScenarioName[]) {
    const { made, violations } = await record(scenarios[name]);
    const listed = stepsOf(name).map(lineOf);
    const lines = corrected(stepsOf(name), made).map(lineOf);
    lists[name] = lines;
    const found = [
      ...lines.filter((line) => !listed.includes(line)).map((line) => `+ ${line}`),
      ...listed.filter((line) => !lines.includes(line)).map((line) => `- ${line}`),
      ...violations,
    ];
    for (const text of found) say(`${name}: ${text}`);
    differences += found.length;
  }
  say(differences === 0 ? "the list is what actors do" : `${differences} differences`);
  if (write) await writeFile(stepsFile, `${JSON.stringify(lists, null, 2)}\n`);
  return differences === 0 || write ? 0 : 1;
}

async function tryAll(how: { only: string; first: boolean; full: boolean }): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of Object.keys(scenarios) as ScenarioName[]) {
    const cases = casesOf(name).filter((one) => `${name}/${titleOf(one)}`.includes(how.only));
    if (cases.length === 0) continue;
    const { wellAtMs: fairMs } = await play(scenarios[name], () => undefined);
    for (const one of cases) {
      const title = `${name}/${titleOf(one)}`;
      const tried = await tryCase(one, how.full);
      results.push({ ...one, ...tried, fairMs });
      if (how.full) say(`${title}\n${tried.story.join("\n")}`);
      if (survived(tried)) continue;
      say(`${title}: ${tried.reached ? tried.violations.join("; ") : "never came to it"}`);
      if (how.first) return results;
    }
  }
  return results;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      first: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.record) return recordAll(values.write);
  const results = await tryAll(values);
  const byFault = rowsBy(results, ({ fault }) => fault.name);
  const byPhase = rowsBy(results, ({ step }) => step.phase);
  const failed = results.filter((result) => !survived(result)).length;
  say(`${textOf(byFault)}\n\n${textOf(byPhase)}\n\n${results.length} cases, ${failed} not survived`);
  if (values.write && values.only === "") {
    await writeFile(last, `${JSON.stringify({ cases: results.length, failed, byFault, byPhase }, null, 2)}\n`);
  }
  return failed === 0 && results.length > 0 ? 0 : 1;
}

process.exitCode = await main();
