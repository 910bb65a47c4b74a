import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../..", import.meta.url));
/** The commit whose sidecars may still run when this version is installed. */
export const previous = readFileSync(new URL("previous", import.meta.url), "utf8").trim();

/** Whether the commit can be read here: an unpacked archive and a shallow clone lack it. */
export const hasPrevious = spawnSync("git", ["-C", repository, "cat-file", "-e", `${previous}^{commit}`]).status === 0;

/**
 * Builds the previous version's sidecar, from git, into a directory of its own, with the packages of this one; answers that
 * directory, the program is in its `dist/`.
 */
export async function buildPreviousSidecar(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "static-egress-previous-"));
  const archive = join(directory, "previous.tar");
  const sources = ["build.mjs", "package.json", "tsconfig.json", "shared", "sidecar"];
  await run("git", ["-C", repository, "archive", "--output", archive, previous, ...sources]);
  await run("tar", ["-xf", archive, "-C", directory]);
  await symlink(join(repository, "node_modules"), join(directory, "node_modules"));
  await run(process.execPath, ["build.mjs", "sidecar"], { cwd: directory });
  return directory;
}
