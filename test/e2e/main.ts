import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { EgressError } from "../../shared/errors.ts";
import { addressesFree } from "./addresses-free.ts";
import { install, uninstall } from "./install.ts";
import { environmentHelp, parseSettings } from "./settings.ts";

const help = `npm run e2e -- [OPTION...]: the end-to-end ring, against the cluster of KUBECONFIG

  (nothing)        installs, runs every case, removes everything
  -t NAME          runs the cases whose name matches
  --keep           leaves everything in place afterwards
  --install-only   installs and stops
  --uninstall      removes everything and stops
  --help

Environment:
${environmentHelp}`;

/** Vitest's exit code. */
async function runCases(pattern: string | undefined): Promise<number> {
  const args = ["run", "--config", "test/e2e/vitest.config.ts", ...(pattern === undefined ? [] : ["-t", pattern])];
  const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", ...args], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const startMs = Date.now();
  await work();
  console.log(`e2e: ${what} took ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      keep: { type: "boolean" },
      "install-only": { type: "boolean" },
      uninstall: { type: "boolean" },
      testNamePattern: { type: "string", short: "t" },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const settings = parseSettings(process.env);
  const remove = () => timed("removing", () => uninstall(settings, () => addressesFree(settings)));
  if (values.uninstall) {
    await remove();
    return 0;
  }
  if (!settings.lab)
    console.warn("e2e: no lab (LAB_CONTROL_URL): cases that prove where packets came from are skipped");
  else if (!settings.lab.program) console.warn("e2e: E2E_LAB is not set: cases that cut power or links are skipped");
  await timed("installing", () => install(settings));
  if (values["install-only"]) return 0;
  const code = await runCases(values.testNamePattern);
  if (!values.keep) await remove();
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  const next = error instanceof EgressError ? `\n${error.fix}` : "";
  console.error(`e2e: ${error instanceof Error ? error.message : String(error)}${next}`);
  process.exitCode = 1;
}
