import { execFile } from "node:child_process";
import { mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const sources = [
  "cli",
  "shared",
  "sidecar",
  "webhook",
  "node_modules",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/**
 * Builds programs into a directory of the test's own, as dist/ may be in use or rebuilt by others meanwhile. Answers that
 * directory; the programs are in its `dist/`.
 */
export async function buildPrograms(...names: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "static-egress-build-"));
  await Promise.all(sources.map((name) => symlink(join(repository, name), join(directory, name))));
  await promisify(execFile)(process.execPath, [join(repository, "build.mjs"), ...names], { cwd: directory });
  return directory;
}
