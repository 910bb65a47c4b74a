import type { Command } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;

interface Words {
  readonly command: string;
  readonly about: string;
  readonly subcommands: readonly string[];
  readonly options: readonly string[];
  /** What `--output` takes. */
  readonly formats: readonly string[];
}

/** The completion script of a shell, made of the program's own commands and options; undefined for a shell we do not know. */
export function completion(shell: string, program: Command): string | undefined {
  const words = program.commands.map(wordsOf);
  switch (shell) {
    case "bash":
      return `# source <(static-egress completion bash)\n${bash(words)}`;
    case "zsh":
      return `# source <(static-egress completion zsh)\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
    case "fish":
      return `# static-egress completion fish | source\n${fish(words)}`;
    default:
      return undefined;
  }
}

function wordsOf(command: Command): Words {
  const options = [command, ...command.commands].flatMap((one) => one.options);
  return {
    command: command.name(),
    about: command.summary().split(/[.;,]/)[0] ?? "",
    subcommands: command.name() === "completion" ? shells : command.commands.map((one) => one.name()),
    options: options.flatMap(({ long }) => long ?? []),
    formats: options.find(({ long }) => long === "--output")?.argChoices ?? [],
  };
}

function bash(words: readonly Words[]): string {
  const cases = words.map(
    ({ command, subcommands, options, formats }) =>
      `    ${command}) words="${[...subcommands, ...options].join(" ")}" formats="${formats.join(" ")}" ;;`,
  );
  return [
    "_static_egress() {",
    '  local words formats="" current="${COMP_WORDS[COMP_CWORD]}"',
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    `    *) words="${words.map(({ command }) => command).join(" ")} --help --version" ;;`,
    "  esac",
    '  case "${COMP_WORDS[COMP_CWORD-1]}" in',
    '    -o|--output) words="$formats" ;;',
    '    -f|--filename|--kubeconfig) COMPREPLY=($(compgen -f -- "$current")); return ;;',
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -F _static_egress static-egress",
    "",
  ].join("\n");
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ command, about, subcommands, options, formats }) => {
    const within = `complete -c static-egress -n '__fish_seen_subcommand_from ${command}'`;
    return [
      `complete -c static-egress -f -n __fish_use_subcommand -a ${command} -d '${about.replaceAll("'", "")}'`,
      ...(subcommands.length === 0 ? [] : [`${within} -f -a '${subcommands.join(" ")}'`]),
      ...options.map((option) => {
        const values = option === "--output" ? ` -s o -x -a '${formats.join(" ")}'` : "";
        return `${within} -l ${option.slice(2)}${values}`;
      }),
    ];
  });
  return [...lines, ""].join("\n");
}
