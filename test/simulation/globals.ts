import { createRequire, syncBuiltinESMExports } from "node:module";
import type { Engine, Happening } from "./engine.ts";

type Patch = { readonly on: object; readonly name: string; readonly value: unknown };

/**
 * Puts the engine's time and random numbers in the place of the platform's, for all code of this thread, until the returned
 * function is called. Timers belong to the process that sets them. A fake clock of a library knows no processes that
 * stand still or die with their timers.
 */
export function takeOver(engine: Engine): () => void {
  const timersPromises = createRequire(import.meta.url)("node:timers/promises") as object;
  const startedAt = engine.now();

  const later = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer =>
    new Timer(engine, ms, false, () => run(...args));
  const again = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer =>
    new Timer(engine, ms, true, () => run(...args));
  const clear = (timer: unknown): void => {
    if (timer instanceof Timer) timer.end();
  };
  function timeout(ms: number): AbortSignal {
    const over = new AbortController();
    later(() => over.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms);
    return over.signal;
  }
  /** The platform keeps what listens to its own for ever, and with it the whole world of a history: sources here never end. */
  function any(signals: Iterable<AbortSignal>): AbortSignal {
    const first = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) first.abort(signal.reason);
      else signal.addEventListener("abort", () => first.abort(signal.reason), { once: true });
    }
    return first.signal;
  }
  function pause(ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer.end();
        reject(new DOMException("The operation was aborted", "AbortError"));
      };
      const timer = later(() => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      }, ms);
      if (signal?.aborted === true) stop();
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  return patch([
    { on: globalThis, name: "setTimeout", value: later },
    { on: globalThis, name: "clearTimeout", value: clear },
    { on: globalThis, name: "setInterval", value: again },
    { on: globalThis, name: "clearInterval", value: clear },
    { on: Date, name: "now", value: () => engine.now() + (engine.current()?.skewMs ?? 0) },
    { on: performance, name: "now", value: () => engine.now() - startedAt },
    { on: Math, name: "random", value: () => engine.current()?.random.next() ?? 0.5 },
    { on: AbortSignal, name: "timeout", value: timeout },
    { on: AbortSignal, name: "any", value: any },
    { on: timersPromises, name: "setTimeout", value: pause },
  ]);
}

function patch(patches: readonly Patch[]): () => void {
  const before = patches.map(({ on, name }) => ({ on, name, was: Object.getOwnPropertyDescriptor(on, name) }));
  for (const { on, name, value } of patches) {
    Object.defineProperty(on, name, { value, configurable: true, writable: true, enumerable: true });
  }
  syncBuiltinESMExports();
  return () => {
    for (const { on, name, was } of before) {
      if (was === undefined) Reflect.deleteProperty(on, name);
      else Object.defineProperty(on, name, was);
    }
    syncBuiltinESMExports();
  };
}

class Timer {
  private next: Happening;

  constructor(engine: Engine, ms: number, repeats: boolean, run: () => void) {
    const process = engine.current();
    const arm = (): Happening =>
      engine.at(Math.max(1, ms), process, () => {
        if (repeats) this.next = arm();
        run();
      });
    this.next = arm();
  }
  end(): void {
    this.next.cancelled = true;
  }
  unref(): this {
    return this;
  }
  ref(): this {
    return this;
  }
}
