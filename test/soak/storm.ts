import { setTimeout as pause } from "node:timers/promises";
import { createDeck } from "./deck.ts";
import { firstLine } from "./churn.ts";
import { faults, type FaultTools } from "./faults.ts";
import { repaired } from "./health.ts";

export interface Repair {
  readonly kind: string;
  /** From the end of the fault until all was well; null when it never was. */
  readonly seconds: number | null;
}

/** From the injection of a fault until it was repaired. */
export interface Window {
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Storm {
  /** Faults one after the other until the signal aborts; resolves when the last one is repaired. */
  readonly done: Promise<void>;
  readonly repairs: readonly Repair[];
  readonly windows: readonly Window[];
  /** What is going on right now. */
  now(): string;
}

interface StormOptions extends FaultTools {
  readonly kinds: readonly string[];
  readonly log: (line: string) => void;
}

/** One fault, then calm is waited for and timed, then a moment of peace, then the next. */
export function startStorm({ kinds, log, ...tools }: StormOptions): Storm {
  const { signal, random } = tools;
  const repairs: Repair[] = [];
  const windows: Window[] = [];
  const next = createDeck(kinds, random);
  let now = "calm";

  async function one(kind: string): Promise<void> {
    const fromMs = Date.now();
    now = kind;
    log(`fault: ${kind}`);
    let calm: (() => void) | void = undefined;
    try {
      calm = await faults[kind]?.(tools);
    } catch (error) {
      // A fault that could not be injected in full is repaired all the same; a run that ends cuts it short.
      if (!signal.aborted) log(`fault: ${kind}: ${firstLine(error)}`);
    }
    now = `repairing: ${kind}`;
    const overMs = Date.now();
    let seconds: number | null = null;
    try {
      await repaired(tools);
      seconds = (Date.now() - overMs) / 1000;
      log(`repaired: ${kind}, ${seconds.toFixed(1)} s`);
    } catch (error) {
      log(`NOT REPAIRED: ${kind}: ${firstLine(error)}`);
    }
    await tools.site.lab.unplan();
    calm?.();
    repairs.push({ kind, seconds });
    windows.push({ kind, fromMs, toMs: Date.now() });
    now = "calm";
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await pause(random.between(3000, 12_000), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await one(next());
    }
  }

  return { done: run(), repairs, windows, now: () => now };
}
