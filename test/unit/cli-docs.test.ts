import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../cli/program.ts";
import { cliReference } from "../support/cli-reference.ts";

const nothing = () => undefined;
const program = createProgram({
  version: "0",
  env: {},
  out: nothing,
  exit: nothing,
  audit: nothing,
  ask: () => Promise.resolve(null),
});

describe("docs/cli.md", () => {
  it("is what the program's own definitions say (-u writes it)", async () => {
    await expect(cliReference(program)).toMatchFileSnapshot("../../docs/cli.md");
  });
});

describe("commands", () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];

  it("each says what it does, and every option has a meaning", () => {
    for (const command of all(program).slice(1)) {
      expect([command.name(), command.summary()]).toEqual([command.name(), expect.stringMatching(/.{10}/)]);
      for (const option of command.options) expect([option.flags, option.description]).not.toContain("");
    }
  });

  it("are named in the README, and what the README names is there", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const named = new Set([...readme.matchAll(/^static-egress ([a-z-]+)/gm)].map(([, name]) => name));
    const there = program.commands.map((command) => command.name()).filter((name) => name !== "completion");
    expect(named).toEqual(new Set(there));
  });
});
