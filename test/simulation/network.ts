import type { Engine, Process } from "./engine.ts";

/** What becomes of one request. */
export interface Fate {
  readonly outMs: number;
  readonly backMs: number;
  /** `request`: it never arrives. `answer`: it is done, and the caller does not hear of it. */
  readonly lost?: "request" | "answer";
  /** After how long the caller gives a lost one up, and with what. */
  readonly patienceMs: number;
  readonly giveUp: () => unknown;
}

/** A request from a process to something outside of it, which does it whether or not the process lives on. */
export function request<T>(engine: Engine, process: Process, fate: Fate, perform: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(fate.giveUp());
    if (fate.lost !== undefined) engine.at(fate.patienceMs, process, giveUp);
    if (fate.lost === "request") return;
    engine.at(fate.outMs, null, () => {
      const answered = (settle: () => void): void => {
        if (fate.lost === undefined) engine.at(fate.backMs, process, settle);
      };
      Promise.resolve()
        .then(perform)
        .then(
          (value) => answered(() => resolve(value)),
          (error: unknown) => answered(() => reject(error)),
        );
    });
  });
}
