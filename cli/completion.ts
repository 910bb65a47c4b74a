import type { Command } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;

/** The completion script of a shell, made of the program's own commands and options; undefined for a shell we do not know. */
export function completion(shell: string, program: Command): string | undefined {
  const name = program.name();
  const words = program.commands.map((command) => ({
    command: command.name(),
    about: command.description().split(/[.;,]/)[0] ?? "",
    options: command.options.map(({ long }) => long ?? "").filter((long) => long !== ""),
  }));
  const cases = words.map(({ command, options }) => `    ${command}) words="${options.join(" ")}" ;;`);
  const bash = [
    "_static_egress() {",
    "  local words",
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    `    *) words="${words.map(({ command }) => command).join(" ")} --help --version" ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    "}",
    `complete -F _static_egress ${name}`,
    "",
  ].join("\n");
  switch (shell) {
    case "bash":
      return `# source <(${name} completion bash)\n${bash}`;
    case "zsh":
      return `# source <(${name} completion zsh)\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
    case "fish":
      return [
        `# ${name} completion fish | source`,
        ...words.flatMap(({ command, about, options }) => [
          `complete -c ${name} -f -n __fish_use_subcommand -a ${command} -d '${about}'`,
          ...options.map(
            (option) => `complete -c ${name} -f -n '__fish_seen_subcommand_from ${command}' -l ${option.slice(2)}`,
          ),
        ]),
        "",
      ].join("\n");
    default:
      return undefined;
  }
}
