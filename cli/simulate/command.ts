import { Option, type Command } from "commander";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { EgressError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/one-line.ts";
import { parsePools } from "../../shared/pools/file.ts";
import { addOutputOption, exitCodes, type ProgramContext } from "../command-options.ts";
import { podsOf } from "./pods-of.ts";
import { settingsWith, type SettingsOptions } from "./settings.ts";
import { simulate, simulatedLines } from "./simulate.ts";

interface SimulateOptions extends Pick<SettingsOptions, "mode" | "image"> {
  readonly filename: string;
  readonly pools: string;
  readonly namespace: string;
  readonly output: "text" | "json" | "yaml";
}

/** `simulate -f pod.yaml --pools pools.yaml`. */
export function addSimulate(program: Command, { out, exit }: ProgramContext): void {
  const command = program
    .command("simulate")
    .summary("What the webhook would do with the pods of a manifest, and why")
    .description(
      "What the webhook would do with the pods of a manifest, and why: what it would add, or all reasons for which it would " +
        "refuse. By the webhook's own rules; nothing is asked of a cluster, nothing is written. -o yaml prints the pods as they " +
        "would be created, -o json all there is.",
    )
    .requiredOption(
      "-f, --filename <file>",
      "a Pod, or what makes pods (Deployment, Job ...); `-` reads the standard input",
    )
    .requiredOption("--pools <file>", "the installation's pools.yaml")
    .option("--namespace <name>", "of objects that name none", "default")
    .addOption(
      new Option("--mode <mode>", "STATIC_EGRESS_MODE of the webhook")
        .choices(["brokered", "direct"])
        .default("brokered"),
    )
    .option("--image <image>", "STATIC_EGRESS_SIDECAR_IMAGE of the webhook")
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes);
  addOutputOption(command, ["text", "json", "yaml"]).action(async (options: SimulateOptions) => {
    const settings = settingsWith({ ...options, pools: parsePools(await read(options.pools)) });
    const pods = podsOf(await read(options.filename), options.filename, options.namespace);
    const answers = pods.map((pod) => simulate(pod, settings));
    if (options.output === "json") out(`${JSON.stringify({ pods: answers }, null, 2)}\n`);
    else if (options.output === "yaml") {
      out(answers.flatMap(({ pod }) => (pod === null ? [] : [stringify(pod)])).join("---\n"));
    } else out(`${answers.map((answer) => simulatedLines(answer).map(oneLine).join("\n")).join("\n\n")}\n`);
    if (answers.some(({ outcome }) => outcome === "deny")) exit(3);
  });
}

async function read(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw new EgressError("CONFIG_INVALID", `the file ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
      fix: "Give the name of a file that can be read.",
    });
  }
}
