import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../../cli/inspection/table.ts";
import { benchAttach } from "./attach.ts";
import { benchCalls } from "./calls.ts";
import { benchHerd } from "./herd.ts";
import { benchHolders } from "./holders.ts";
import { benchJoin } from "./join.ts";
import { benchLedgerMemory } from "./ledger-memory.ts";
import { benchLedgerSpeed } from "./ledger-speed.ts";
import { benchNodeAdmission } from "./node-admission.ts";
import { benchPodStart } from "./pod-start.ts";
import { benchReconcile } from "./reconcile.ts";
import { root } from "./root.ts";
import { type Bench, figureText, goalText, isMet, type Row } from "./row.ts";
import { benchSidecarBrokered } from "./sidecar-brokered.ts";
import { benchSidecarHold } from "./sidecar-hold.ts";
import { benchSidecarSize } from "./sidecar-size.ts";
import { benchSidecarStart } from "./sidecar-start.ts";

/** In the order in which they run; the hold begins first and goes on beside the others. */
const benches = new Map<string, readonly [Bench, string]>([
  ["sidecar-hold", [benchSidecarHold, "memory and CPU of sidecars that hold a lease in direct mode"]],
  ["sidecar-brokered", [benchSidecarBrokered, "the same of one that holds it by the lease API"]],
  ["sidecar-start", [benchSidecarStart, "process start to lease taken"]],
  ["sidecar-size", [benchSidecarSize, "bundles and image"]],
  ["ledger-speed", [benchLedgerSpeed, "acquire, renew, release at 1, 16 and 128 at once"]],
  ["ledger-memory", [benchLedgerMemory, "Redis memory for a lease"]],
  ["reconcile", [benchReconcile, "what the controller costs at rest and for 1,000 changes, by nodes"]],
  ["attach", [benchAttach, "reserved to confirmed, against the cloud's own latency"]],
  ["herd", [benchHerd, "N nodes ask at once, against the account's own limit; needs CLOUDS_LAB_CONTROL_URL"]],
  ["join", [benchJoin, "acquire through the lease API where the address is there already"]],
  ["holders", [benchHolders, "10,000 holders that renew through one replica, and 500 acquires at once"]],
  ["calls", [benchCalls, "calls to the cloud, by action"]],
  ["admission", [benchNodeAdmission, "the webhook against a bare node:https server"]],
  ["pod-start", [benchPodStart, "scheduled to app running, on the cluster of KUBECONFIG"]],
]);

const help = `npm run bench -- [OPTION...] [NAME...]: every figure the README quotes; writes .bench/<time>.json, too

${[...benches].map(([name, [, about]]) => `  ${name.padEnd(16)} ${about}`).join("\n")}

  --hold SECONDS   how long sidecar-hold holds: default 600
  --json           the figures as JSON on standard output, the table on standard error; npm adds no lines of its
                   own when it is called as npm run --silent bench -- --json
  --help

A bench whose needs are not met says 'not measured' and why. Exit codes: 0 measured, whether or not goals are met;
1 a bench failed; 2 wrong arguments. pod-start needs an installation (npm run e2e -- --install-only) and its environment.
`;

function readArguments(): { chosen: string[]; holdSeconds: number; json: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, json: { type: "boolean" }, hold: { type: "string" } },
  });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const unknown = positionals.filter((name) => !benches.has(name));
  if (unknown.length > 0)
    throw new Error(`no bench '${unknown.join("', '")}'; accepted: ${[...benches.keys()].join(", ")}`);
  const holdSeconds = Number(values.hold ?? 600);
  if (!(holdSeconds >= 10)) throw new Error(`--hold: seen '${values.hold}'; accepted: 10 or more seconds`);
  return { chosen: positionals, holdSeconds, json: values.json ?? false };
}

let failures = 0;

async function measured(name: string, run: () => Promise<Row[]>): Promise<Row[]> {
  const startedAt = performance.now();
  try {
    return await run();
  } catch (error) {
    failures += 1;
    process.stderr.write(`bench: ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
    return [{ name, value: null, unit: "", note: `failed: ${String(error).split("\n")[0]}` }];
  } finally {
    process.stderr.write(`bench: ${name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
  }
}

function cells(row: Row): string[] {
  const met = isMet(row);
  const verdict = met === undefined ? "" : met ? "met" : "MISSED";
  return [row.name, figureText(row), goalText(row), verdict, row.note ?? ""];
}

async function main(): Promise<void> {
  const { chosen, holdSeconds, json } = readArguments();
  const settings = { env: process.env, holdSeconds };
  const started = new Date().toISOString();
  const wanted = [...benches].filter(([name]) => chosen.length === 0 || chosen.includes(name));
  const beside: Promise<Row[]>[] = [];
  const rows: Row[] = [];
  for (const [name, [bench]] of wanted) {
    const run = measured(name, () => bench(settings));
    if (bench === benchSidecarHold || bench === benchSidecarBrokered) beside.push(run);
    else rows.push(...(await run));
  }
  const all = [...(await Promise.all(beside)).flat(), ...rows];
  const load = loadavg().map((value) => value.toFixed(1));
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "?"}, Node ${process.version}, load ${load.join(" ")} at the end`;
  const result = { started, machine, rows: all };

  const file = join(root, ".bench", `${started.replaceAll(":", "")}.json`);
  await mkdir(join(root, ".bench"), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  const text = `${table(["NAME", "FIGURE", "GOAL", "", "NOTE"], all.map(cells))}\n\nMachine: ${machine}\n`;
  if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  (json ? process.stderr : process.stdout).write(text);
}

try {
  await main();
  process.exit(failures === 0 ? 0 : 1);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
