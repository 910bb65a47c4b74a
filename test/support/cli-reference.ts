import type { Argument, Command, Option } from "commander";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** docs/cli.md, made of commander's own definitions. */
export function cliReference(program: Command): string {
  const commands = program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));
  return [
    "# Command line",
    "",
    "<!-- Made of the program's own definitions: npx vitest run --project unit test/unit/cli-docs.test.ts -u -->",
    "",
    "`static-egress` looks on and, where a command says so, acts. As `kubectl static-egress` it is the same program: kubectl finds it by",
    "its file's name, `kubectl-static_egress`, on the PATH. `npm ci && npm run build && npm link` puts both there.",
    "",
    "Completions: `source <(static-egress completion bash)`, the same with zsh, `static-egress completion fish | source`.",
    "",
    "`explain` and `doctor` ask the cluster of the kubeconfig, too, and need Node 22.19 for that; all else runs on Node 20.",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    "| 0 | done |",
    "| 1 | failed: a code of [errors.md](errors.md), what was seen and what to do, on the standard error |",
    "| 2 | wrong arguments, or a file that cannot be used |",
    "| 3 | done, and the answer is no: `simulate` says that a pod is refused, `doctor` that something has to be mended |",
    "",
    "## Commands",
    "",
    "| command | what it does |",
    "|---|---|",
    ...commands.map(
      (command) =>
        `| [\`${pathOf(command)}\`](#${pathOf(command).replaceAll(" ", "-")}) | ${cell(command.summary())} |`,
    ),
    ...commands.flatMap(section),
    "",
  ].join("\n");
}

function pathOf(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : `${parent.name()} ${command.name()}`;
}

function section(command: Command): string[] {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  return [
    "",
    `### ${pathOf(command)}`,
    "",
    command.description(),
    "",
    "```",
    `static-egress ${pathOf(command)}${command.registeredArguments.map(argumentText).join("")}${options.length > 0 ? " [options]" : ""}`,
    "```",
    ...(options.length === 0 ? [] : ["", "| option | meaning | default |", "|---|---|---|", ...options.map(optionRow)]),
  ];
}

const argumentText = (argument: Argument): string => ` <${argument.name()}>`;

function optionRow(option: Option): string {
  const { flags, description, argChoices, mandatory, defaultValueDescription } = option;
  const value = option.defaultValue as unknown;
  const choices = argChoices === undefined ? "" : `: ${argChoices.map((choice) => `\`${choice}\``).join(", ")}`;
  const fallback =
    defaultValueDescription ?? (typeof value === "string" ? `\`${value}\`` : mandatory ? "required" : "");
  return `| \`${cell(flags)}\` | ${cell(description + choices)} | ${cell(fallback)} |`;
}
