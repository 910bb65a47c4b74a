import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { buildPrograms } from "./demo-build.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Builds the command line for the tests of a file; `run` runs it with no other environment than what is given. */
export function builtCli() {
  let directory = "";
  beforeAll(async () => {
    directory = await buildPrograms("cli");
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const program = join(directory, "dist/cli/main.js");
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...argv], { env }, (failure, out, error) => {
        resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
      });
    });
  }
  return { run, directory: () => directory };
}
