#!/usr/bin/env node
import { basename } from "node:path";
import { createInterface } from "node:readline/promises";
import { CommanderError } from "commander";
import packageFile from "../package.json" with { type: "json" };
import { EgressError } from "../shared/errors.ts";
import { createProgram } from "./program.ts";

/** 1 for what failed, 2 for what was asked wrongly; commander has said the latter already. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const text =
    error instanceof EgressError
      ? `${error.code}: ${error.message.replace(/\.$/, "")}. ${error.fix}`
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`static-egress: ${text}\n`);
  return error instanceof EgressError && error.code === "CONFIG_INVALID" ? 2 : 1;
}

// Whoever read the output has gone, as `head` does.
process.stdout.on("error", () => process.exit(0));

async function ask(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

const isPlugin = basename(process.argv[1] ?? "").startsWith("kubectl-");
const program = createProgram({
  name: isPlugin ? "kubectl static-egress" : "static-egress",
  version: packageFile.version,
  env: process.env,
  out: (text) => void process.stdout.write(text),
  exit: (code) => {
    process.exitCode = code;
  },
  ask,
  audit: (record) => void process.stderr.write(`${JSON.stringify(record)}\n`),
});
program.parseAsync(process.argv).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
