import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Finder } from "./finders.ts";
import type { Guard } from "./guard.ts";
import { guards } from "./guards.ts";

const usage = `npm run guards -- [--only TEXT] [--jobs N]

Takes each guard of the list (test/guards/guards.ts) out of a copy of the code, in turn, and expects that what is named with it
finds that: a part of the fault matrix, of the simulation or of a suite. The same has to pass with the guard in place.
The exit code is 1 when a guard is not missed, or stands in the code no more. --only takes guards whose name has the text in
it; --of those that a page names, such as docs/security.md; --jobs works on so many copies at once (default 2).
`;
const copied = [
  "shared",
  "sidecar",
  "webhook",
  "cli",
  "test",
  "manifests",
  "docs",
  "build.mjs",
  "build",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "vitest.config.ts",
];
const children = new Set<ChildProcess>();

interface Run {
  readonly passed: boolean;
  /** The words of the failure; undefined: it failed in another way than by finding something. */
  readonly finding: string | undefined;
  readonly text: string;
}

async function run({ args, finding }: Finder, directory: string): Promise<Run> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  children.delete(child);
  const line = text.split("\n").find((one) => finding.test(one));
  return { passed: code === 0, finding: code === 0 ? undefined : line?.trim().slice(0, 160), text };
}

/** Takes the guard out; answers how to put it back. */
async function takeOut({ file, guard, without }: Guard, directory: string): Promise<() => Promise<void>> {
  const path = join(directory, file);
  const text = await readFile(path, "utf8");
  if (text.split(guard).length !== 2) throw new Error(`it should stand once in ${file}: ${guard}`);
  await writeFile(
    path,
    text.replace(guard, () => without),
  );
  return () => writeFile(path, text);
}

/** Null when the guard is missed where it should be, else what is wrong. */
async function tryGuard(guard: Guard, directory: string): Promise<{ problem: string | null; said: string }> {
  const putBack = await takeOut(guard, directory);
  const { passed, finding, text } = await run(guard.finder, directory);
  await putBack();
  if (finding !== undefined) return { problem: null, said: finding };
  return { problem: passed ? "NOT MISSED" : `failed otherwise: ${text.slice(-1500)}`, said: "" };
}

async function copy(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "static-egress-guards-"));
  for (const path of copied) await cp(path, join(directory, path), { recursive: true });
  await symlink(join(process.cwd(), "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** Does all tasks, each with a copy of the code to itself. */
async function share<T>(
  tasks: readonly T[],
  directories: readonly string[],
  perform: (task: T, directory: string) => Promise<void>,
) {
  const left = [...tasks];
  await Promise.all(
    directories.map(async (directory) => {
      for (let task = left.shift(); task !== undefined; task = left.shift()) await perform(task, directory);
    }),
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      of: { type: "string" },
      jobs: { type: "string", default: "2" },
      help: { type: "boolean", default: false },
    },
  });
  const say = (text: string): unknown => process.stdout.write(`${text}\n`);
  if (values.help) {
    say(usage);
    return 0;
  }
  const page = values.of === undefined ? undefined : await readFile(values.of, "utf8");
  const isNamed = (name: string): boolean => page === undefined || page.includes(`| ${name} |`);
  const chosen = guards.filter(({ name }) => name.includes(values.only) && isNamed(name));
  const directories: string[] = [];
  const clear = (): Promise<unknown> =>
    Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
  process.once("SIGINT", () => {
    for (const child of children) child.kill("SIGKILL");
    void clear().finally(() => process.exit(130));
  });
  let problems = 0;
  try {
    for (let job = 0; job < Number(values.jobs); job += 1) directories.push(await copy());
    const finders = new Map(chosen.map(({ finder }) => [finder.args.join(" "), finder]));
    await share([...finders], directories, async ([name, finder], directory) => {
      const { passed, text } = await run(finder, directory);
      if (passed) return;
      problems += 1;
      say(`fails with every guard in place: ${name}\n${text.slice(-1500)}`);
    });
    await share(chosen, directories, async (guard, directory) => {
      const startedMs = performance.now();
      const { problem, said } = await tryGuard(guard, directory).catch((error: unknown) => ({
        problem: String(error),
        said: "",
      }));
      problems += problem === null ? 0 : 1;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
      say(`${problem === null ? "missed" : "FAILED"} ${seconds} s  ${guard.name}\n          ${problem ?? said}`);
    });
  } finally {
    await clear();
  }
  say(`${chosen.length} guards, ${problems} problems`);
  return problems === 0 && chosen.length > 0 ? 0 : 1;
}

process.exitCode = await main();
