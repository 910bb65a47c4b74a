import { Option, type Command } from "commander";

/** What a command gets from its program. `exit` sets the code that the process ends with. */
export interface ProgramContext {
  /** As it was called, for its usage. */
  readonly name?: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly exit: (code: number) => void;
  /** What a person answers at the terminal; null where there is none. */
  readonly ask: (question: string) => Promise<string | null>;
  /** One record of what was changed, by whom. */
  readonly audit: (record: Readonly<Record<string, unknown>>) => void;
}

export interface LedgerOptions {
  readonly redis: string;
  readonly installation: string;
}

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const exitCodes = [
  "",
  "Exit codes: 0 done; 1 failed, with a code, what was seen and what to do; 2 wrong arguments;",
  "3 done, and the answer is no: `simulate` says that the pod is refused, `doctor` that something has to be mended.",
].join("\n");

/** `--redis` and `--installation`. The value of REDIS_URL is never shown. */
export function addLedgerOptions(command: Command, env: ProgramContext["env"]): Command {
  return command
    .addOption(
      new Option("--redis <url>", "redis://, rediss://, redis+sentinel:// or redis+cluster://").default(
        env["REDIS_URL"] || "redis://127.0.0.1:6379",
        "REDIS_URL, else redis://127.0.0.1:6379",
      ),
    )
    .addOption(
      new Option("--installation <name>", "whose ledger").default(
        env["STATIC_EGRESS_INSTALLATION"] || "default",
        "STATIC_EGRESS_INSTALLATION, else default",
      ),
    );
}

/** `--kubeconfig` and `--context`; without them what kubectl would take. */
export function addClusterOptions(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "which clusters there are (default: KUBECONFIG, else ~/.kube/config)")
    .option("--context <name>", "which of them (default: the kubeconfig's current one)");
}

/** `-o`, with the first as the default. */
export function addOutputOption(command: Command, formats: readonly string[]): Command {
  return command.addOption(new Option("-o, --output <format>", "how").choices(formats).default(formats[0]));
}
