import { Command } from "commander";
import {
  addLedgerOptions,
  addOutputOption,
  exitCodes,
  type LedgerOptions,
  type ProgramContext,
} from "./command-options.ts";
import { addActs } from "./act/command.ts";
import { addDoctor } from "./doctor/command.ts";
import { addWatch } from "./watch/command.ts";
import { addSimulate } from "./simulate/command.ts";
import { completion, shells } from "./completion.ts";
import { addExplain, addWhyWaiting } from "./explain/commands.ts";
import type { LeaseFilter } from "../shared/inspection/lease-rows.ts";
import { formats, print, type Format } from "./inspection/print.ts";
import { readLedger } from "./inspection/read-ledger.ts";
import { addresses, leases, nodes, pools, type View } from "./inspection/views.ts";

interface Options extends LeaseFilter, LedgerOptions {
  readonly output: Format;
}

/** The `static-egress` command. `parseAsync` runs it; what fails is thrown: EgressError, or CommanderError for usage. */
export function createProgram(context: ProgramContext): Command {
  const { name = "static-egress", version, env, out } = context;
  const program = new Command(name)
    .description("Reserved egress addresses for pods: who holds what, since when, until when, and who waits.")
    .version(version)
    .exitOverride()
    .addHelpText("after", exitCodes);

  function inspect<Row>(name: string, about: string, view: View<Row>, filters: readonly (keyof LeaseFilter)[]): void {
    const command = program
      .command(name)
      .summary(about)
      .description(`${about}, straight from Redis. Nothing is written.`)
      .allowExcessArguments(false)
      .addHelpText("after", exitCodes);
    addOutputOption(addLedgerOptions(command, env), formats);
    for (const filter of filters) command.option(`--${filter} <name>`, `only of this ${filter}`);
    command.action(async (options: Options) => {
      const snapshot = await readLedger(options.redis, options.installation);
      out(`${print(name, view, snapshot, { format: options.output, filter: options })}\n`);
    });
  }

  inspect("pools", "Pools, with their addresses, leases and waiting pods in numbers", pools, ["pool"]);
  inspect("addresses", "Addresses, and the node that carries each", addresses, ["pool", "node"]);
  inspect("nodes", "Nodes, and the address attached to each", nodes, ["pool", "node"]);
  inspect("leases", "Pods that hold a lease, then pods that wait, in the order of the queue", leases, [
    "pool",
    "node",
    "namespace",
  ]);
  addWhyWaiting(program, context);
  addExplain(program, context);
  addWatch(program, context);
  addDoctor(program, context);
  addSimulate(program, context);
  addActs(program, context);
  program
    .command("completion")
    .summary("A script that completes the command line in a shell")
    .description("A script that completes the command line in a shell; see its first line.")
    .argument("<shell>", shells.join(", "))
    .allowExcessArguments(false)
    .action((shell: string, _options: unknown, command: Command) => {
      const script = completion(shell, program);
      if (script === undefined) command.error(`error: shell '${shell}'; accepted: ${shells.join(", ")}`);
      else out(script);
    });
  return program;
}
