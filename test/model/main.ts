import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { checks, type Check } from "./checks.ts";
import { runTlc, type Outcome } from "./tlc.ts";
import { fetchTools } from "./tools.ts";

const usage = `npm run model -- [--big] [--only TEXT] [--json FILE] [--trace]

Checks docs/model/Egress.tla with TLC, in every configuration; then takes each guard out, in turn, and expects TLC to find what
breaks without it. Needs Java 11 or newer; TLC itself is downloaded once. Exits with 1 when anything is otherwise.
--big adds larger configurations. --only takes those whose configuration or guard has the text. --trace prints what TLC found.
--json writes the results to a file: docs/model/last.json holds those that the README quotes.
`;

interface Row extends Pick<Check, "name" | "guard" | "breaks">, Omit<Outcome, "text"> {
  readonly good: boolean;
}

function verdict({ broken, breaks, good }: Row): string {
  const found = broken === null ? "all hold" : `${broken} breaks`;
  return good ? found : `${found}, expected: ${breaks === null ? "all hold" : `${breaks} breaks`}`;
}

function print(rows: readonly Row[]): void {
  const head = ["configuration", "guard taken out", "distinct states", "depth", "seconds", "verdict"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) {
    table.push([row.name, row.guard, row.distinct, row.depth, row.seconds.toFixed(1), verdict(row)]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      big: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      json: { type: "string" },
      trace: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const jar = await fetchTools();
  const rows: Row[] = [];
  for (const check of checks(values.big)) {
    if (!`${check.name} ${check.guard}`.includes(values.only)) continue;
    const { text, ...outcome } = await runTlc(jar, check);
    const { name, guard, breaks } = check;
    const row: Row = { name, guard, breaks, ...outcome, good: outcome.broken === breaks };
    rows.push(row);
    process.stdout.write(`${name}${guard === "" ? "" : ` without '${guard}'`}: ${verdict(row)}\n`);
    if (values.trace || !row.good) process.stdout.write(`${text.slice(text.indexOf("Error:"))}\n`);
  }
  print(rows);
  const states = rows.filter(({ guard }) => guard === "").reduce((sum, { distinct }) => sum + distinct, 0);
  const bad = rows.filter(({ good }) => !good).length;
  const mutants = rows.filter(({ guard }) => guard !== "").length;
  process.stdout.write(`${states} states checked, ${mutants} guards taken out, ${bad} not as expected\n`);
  if (values.json !== undefined) {
    const results = { tlc: "2.18", states, mutants, rows };
    await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  return bad === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main();
