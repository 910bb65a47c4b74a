import { writeFile } from "node:fs/promises";
import { EgressError } from "../../shared/errors.ts";
import { install, uninstall } from "../e2e/install.ts";
import { addressesFree } from "../e2e/addresses-free.ts";
import { parseSettings } from "../e2e/settings.ts";
import { faults } from "./faults.ts";
import { help, parseOptions } from "./options.ts";
import { soak } from "./run.ts";
import { openSite, prepare } from "./site.ts";

async function main(): Promise<number> {
  const kinds = Object.keys(faults);
  const options = parseOptions(process.argv.slice(2), kinds, `${Date.now()}`);
  if (typeof options === "string") {
    console.log(options === "help" ? help : kinds.join("\n"));
    return 0;
  }
  const settings = parseSettings(process.env);
  const site = await openSite(settings);
  const stop = new AbortController();
  let askedMs = 0;
  process.on("SIGINT", () => {
    // npm hands on what the terminal has sent already: the same Ctrl-C, twice.
    if (askedMs > 0 && Date.now() - askedMs > 1000) process.exit(130);
    if (askedMs === 0) console.log("soak: ends with what there is; once more Ctrl-C leaves everything as it is");
    askedMs ||= Date.now();
    stop.abort();
  });
  try {
    await install(settings);
    await prepare(site);
    const results = await soak(
      site,
      { ...options, kinds: options.only.length > 0 ? options.only : kinds },
      stop.signal,
    );
    const text = `${JSON.stringify(results, null, 2)}\n`;
    console.log(text);
    if (options.save !== null) await writeFile(options.save, text);
    for (const problem of results.problems) console.error(`soak: ${problem}`);
    console.log(results.problems.length === 0 ? "soak: everything held" : `soak: ${results.problems.length} problems`);
    if (stop.signal.aborted) return 130;
    return results.problems.length === 0 ? 0 : 1;
  } finally {
    await site.lab.unplan();
    if (!options.keep) await uninstall(settings, () => addressesFree(settings));
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const next = error instanceof EgressError ? `\n${error.fix}` : "";
  console.error(`soak: ${error instanceof Error ? error.message : String(error)}${next}`);
  process.exitCode = 1;
}
