import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "./checks.ts";

/** What TLC said of one configuration. `broken`: the invariant that it saw violated; null when all hold. */
export interface Outcome {
  readonly broken: string | null;
  readonly distinct: number;
  readonly depth: number;
  readonly seconds: number;
  /** TLC's own report, with the trace when something is broken. */
  readonly text: string;
}

/** TLC's exit codes (tlc2.output.EC.ExitStatus). */
const allHolds = 0;
const invariantBroken = 12;

/**
 * Checks one configuration to its end; without a guard by one worker, so that the trace is the shortest. Throws when TLC could
 * not: no Java, a wrong module, no memory.
 */
export async function runTlc(jar: string, check: Check): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), "static-egress-model-"));
  const startedMs = performance.now();
  try {
    await copyFile("docs/model/Egress.tla", join(directory, "Egress.tla"));
    await writeFile(join(directory, "check.cfg"), configurationOf(check));
    const java = ["-Xmx2g", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC"];
    const tlc = [
      "-workers",
      check.guard === "" ? "2" : "1",
      "-metadir",
      join(directory, "states"),
      "-config",
      join(directory, "check.cfg"),
    ];
    const child = spawn("java", [...java, ...tlc, join(directory, "Egress.tla")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return outcomeOf(check, code, text, (performance.now() - startedMs) / 1000);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== "spawn java") throw error;
    throw new Error("there is no java on the PATH: the model needs Java 11 or newer (Debian: default-jre-headless)", {
      cause: error,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function configurationOf({ constants, invariants, symmetric }: Check): string {
  return [
    "SPECIFICATION Spec",
    "CHECK_DEADLOCK FALSE",
    ...(symmetric ? ["SYMMETRY Symmetry"] : []),
    ...invariants.map((name) => `INVARIANT ${name}`),
    "CONSTANTS",
    "  Foreign = Foreign",
    "  None = None",
    ...Object.entries(constants).map(([name, value]) => `  ${name} = ${textOf(value)}`),
    "",
  ].join("\n");
}

function textOf(value: number | boolean | string | readonly string[]): string {
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "number" ? String(value) : `{${value.join(", ")}}`;
}

function outcomeOf(check: Check, code: number | null, text: string, seconds: number): Outcome {
  const number = (pattern: RegExp): number => Number([...text.matchAll(pattern)].at(-1)?.[1]?.replaceAll(",", ""));
  const states = {
    distinct: number(/([\d,]+) distinct states found/g),
    depth: number(/graph search is (\d+)/g),
    seconds: Math.round(seconds * 10) / 10,
    text,
  };
  if (code === allHolds) return { broken: null, ...states };
  const what = /Invariant (\w+) is violated/.exec(text)?.[1];
  if (code !== invariantBroken || what === undefined) {
    throw new Error(`TLC did not finish '${check.name}' (exit code ${code}): ${text.slice(-3000)}`);
  }
  return { broken: what, ...states, depth: text.split(/^State \d+:/m).length - 1 };
}
