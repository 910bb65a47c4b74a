import { Command, InvalidArgumentError } from "commander";

export interface DemoOptions {
  readonly nodes: number;
  readonly pods: number;
  readonly once: boolean;
}

/** Reads the arguments. Ends the process for --help (0) and for what it cannot use (2). */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const command = new Command("npm start --")
    .description(
      "static-egress on one machine: the real webhook over HTTPS, the real controller and real sidecars, over a cluster " +
        "and a cloud that exist only in memory. Pods come, share an address, wait for a full pool, and go.",
    )
    .option("--nodes <number>", "simulated nodes; the pool has one address fewer", wholeNumber(2, 50), 3)
    .option("--pods <number>", "pods that live at the same time", wholeNumber(1, 200), 8)
    .option("--once", "play a script once, check every claim of it, and exit: 0 when all were true, else 1", false)
    .addHelpText(
      "after",
      "\nThe ledger is the Redis of REDIS_URL, else a redis-server or valkey-server of the PATH that the demo starts and\n" +
        "ends, else memory; then the sidecars are no processes of their own. Ctrl-C ends all of it.\n\n" +
        "Exit codes: 0 ended; 1 something was not as claimed, or could not be started; 2 wrong arguments.",
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false);
  const options = command.parse(argv).opts<DemoOptions>();
  if (options.once && options.pods <= options.nodes) {
    command.error(`error: --once needs more pods than nodes; seen: ${options.pods} pods, ${options.nodes} nodes`);
  }
  return options;
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`accepted: a whole number from ${min} to ${max}.`);
  };
}
