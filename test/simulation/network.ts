import type { Blow, Engine, Process } from "./engine.ts";

/** What becomes of one request. */
export interface Fate {
  /** Its name, for those who aim at it. */
  readonly call: string;
  readonly outMs: number;
  readonly backMs: number;
  /** `request`: it never arrives. `answer`: it is done, and the caller does not hear of it. */
  readonly lost?: "request" | "answer";
  /** After how long the caller gives a lost one up, and with what. */
  readonly patienceMs: number;
  readonly giveUp: () => unknown;
}

/** What its own machine does to a program: it may end of it, and is started again. */
export class MachineFault extends Error {}

/** A request from a process to something outside of it, which does it whether or not the process lives on. */
export function request<T>(engine: Engine, process: Process, fate: Fate, perform: () => T | Promise<T>): Promise<T> {
  return send(engine, process, fate, engine.tap?.(fate.call, process), perform);
}

/** A step on the process' own machine: at once, unless somebody aims at it. */
export async function step<T>(engine: Engine, process: Process, call: string, perform: () => T): Promise<T> {
  const blow = engine.tap?.(call, process);
  if (blow === undefined) return perform();
  const fate = { call, outMs: 0, backMs: 0, patienceMs: 0, giveUp: () => new Error(`${call} failed`) };
  return send(engine, process, fate, blow, perform);
}

function send<T>(
  engine: Engine,
  process: Process,
  fate: Fate,
  blow: Blow | undefined,
  perform: () => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = blow?.lost ?? fate.lost;
    const answered = (settle: () => void): void => {
      blow?.after?.();
      if (lost === undefined) engine.at(fate.backMs, process, settle);
    };
    const leave = (): void => {
      if (lost !== undefined) engine.at(fate.patienceMs, process, () => reject(fate.giveUp()));
      if (lost === "request") return;
      engine.at(fate.outMs, null, () => {
        Promise.resolve()
          .then(() => {
            if (blow?.refusal !== undefined) throw blow.refusal;
            return perform();
          })
          .then(
            (value) => answered(() => resolve(value)),
            (error: unknown) => answered(() => reject(error)),
          );
      });
    };
    blow?.before?.();
    if (blow?.before === undefined) leave();
    else engine.at(0, process, leave);
  });
}
