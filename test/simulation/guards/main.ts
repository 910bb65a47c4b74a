import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { guards, type Guard } from "./guards.ts";

const usage = `node test/simulation/guards/main.ts [--histories N] [--seed S] [--only TEXT]

Takes each guard out of a copy of the code, in turn, and expects the simulation to fail within N histories (default 1500).
`;
const copied = ["shared", "sidecar", "webhook", "test/simulation", "test/support", "package.json"];
/** Lines of the simulation's report that say what it found, and after how many histories. */
const telling = /^history |histories,/;

async function simulate(
  directory: string,
  seed: string,
  histories: string,
): Promise<{ failed: boolean; report: string[] }> {
  const args = ["test/simulation/main.ts", "--seed", seed, "--histories", histories, "--no-shrink"];
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const report = text.split("\n").filter((line) => telling.test(line));
  if (report.length === 0) throw new Error(`the simulation did not run: ${text.slice(0, 2000)}`);
  return { failed: code !== 0, report };
}

async function takeOut({ file, guard, without }: Guard, directory: string): Promise<() => Promise<void>> {
  const path = join(directory, file);
  const text = await readFile(path, "utf8");
  if (text.split(guard).length !== 2) throw new Error(`${file}: this guard should stand there once: ${guard}`);
  await writeFile(
    path,
    text.replace(guard, () => without),
  );
  return () => writeFile(path, text);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      histories: { type: "string", default: "1500" },
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const directory = await mkdtemp(join(tmpdir(), "static-egress-guards-"));
  let survivors = 0;
  try {
    for (const path of copied) await cp(path, join(directory, path), { recursive: true });
    await symlink(join(process.cwd(), "node_modules"), join(directory, "node_modules"));
    for (const guard of guards.filter(({ name }) => name.includes(values.only))) {
      const putBack = await takeOut(guard, directory);
      const { failed, report } = await simulate(directory, values.seed, values.histories);
      await putBack();
      survivors += failed ? 0 : 1;
      process.stdout.write(
        `${failed ? "found   " : "SURVIVED"} ${guard.name}\n         ${report.join("\n         ")}\n`,
      );
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  process.stdout.write(survivors === 0 ? "every guard is needed\n" : `${survivors} guards are not missed\n`);
  return survivors === 0 ? 0 : 1;
}

process.exitCode = await main();
