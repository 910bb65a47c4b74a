import type { Command } from "commander";
import { codeOf } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { LedgerFigures, Snapshot } from "../../shared/ledger/records.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { oneLine } from "../../shared/one-line.ts";
import {
  addLedgerOptions,
  addOutputOption,
  exitCodes,
  type LedgerOptions,
  type ProgramContext,
} from "../command-options.ts";
import { readFrom } from "../inspection/read-ledger.ts";
import { changeText, createSeen } from "./changes.ts";

interface WatchOptions extends LedgerOptions {
  readonly pool?: string;
  readonly output: "text" | "json";
}

/** Changes within this are told together. */
const everyMs = 500;
/** Hints may be lost, and pods stop waiting without one. */
const figuresMs = 5_000;
/** Machines that are looked at together; more wait for the next turn. */
const mostLooks = 200;

/** `watch`: a line for each change, until it is interrupted. */
export function addWatch(program: Command, { env, out }: ProgramContext): void {
  const command = program
    .command("watch")
    .summary("A line for each change: addresses that come, go and drain, pods that wait and wait no longer")
    .description(
      "A line for each change, until it is interrupted: addresses that come to nodes, drain, linger and go, pods that wait and wait " +
        "no longer; first, who waits now. Straight from Redis; costs a look at each node that changes.",
    )
    .option("--pool <name>", "only of this pool")
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes);
  addOutputOption(addLedgerOptions(command, env), ["text", "json"]).action(async (options: WatchOptions) => {
    // Says in its own words what is wrong with Redis, or with the installation's name, before anything is waited for.
    await readFrom(options, (ledger) => ledger.figures());
    const ledger = connectLedger(options.redis, options);
    const tell = (nowMs: number, text: string) => out(`${new Date(nowMs).toISOString()}  ${oneLine(text)}\n`);
    const seen = createSeen(options.pool);
    const isJson = options.output === "json";
    await followChanges(ledger, {
      took(looks, figures) {
        for (const change of seen.takeIn(looks, figures)) {
          if (isJson) out(`${JSON.stringify({ at: figures.nowMs, ...change })}\n`);
          else tell(figures.nowMs, changeText(change));
        }
      },
      failed(why) {
        if (isJson) out(`${JSON.stringify({ at: Date.now(), kind: "unreachable", why })}\n`);
        else tell(Date.now(), `Redis does not answer and is asked again: ${why}`);
      },
    });
  });
}

/** Never ends. A ledger that does not answer is asked again. */
async function followChanges(
  ledger: Pick<Ledger, "onChange" | "look" | "figures">,
  listener: {
    readonly took: (looks: ReadonlyMap<string, Snapshot>, figures: LedgerFigures) => void;
    /** Once, however long it lasts. */
    readonly failed: (why: string) => void;
  },
): Promise<never> {
  let failing = false;
  const dirty = new Set<string>();
  let changed = true;
  let readAtMs = 0;
  await ledger.onChange((machine) => {
    changed = true;
    if (machine !== "") dirty.add(machine);
  });
  for (;;) {
    if (changed || Date.now() - readAtMs >= figuresMs) {
      changed = false;
      const machines = [...dirty].slice(0, mostLooks);
      // Before the look: a hint that comes meanwhile counts.
      for (const machine of machines) dirty.delete(machine);
      try {
        const looks = await Promise.all(
          machines.map(async (machine) => [machine, await ledger.look(machine)] as const),
        );
        listener.took(new Map(looks), await ledger.figures());
        failing = false;
        readAtMs = Date.now();
      } catch (error) {
        if (codeOf(error) !== "LEDGER_UNREACHABLE") throw error;
        if (!failing) listener.failed((error as Error).message);
        failing = true;
        for (const machine of machines) dirty.add(machine);
        changed = true;
      }
      changed ||= dirty.size > 0;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
