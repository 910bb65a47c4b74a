import { createRandom, type Random } from "./random.ts";

/** A program that runs, stands still (SIGSTOP, a frozen machine) or is dead (SIGKILL, no power). */
export interface Process {
  readonly name: string;
  readonly random: Random;
  state: "running" | "paused" | "dead";
  /** How far its machine's wall clock is off. */
  skewMs: number;
  /** What came due while it stood still. */
  readonly deferred: Happening[];
}

export interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly process: Process | null;
  readonly happen: () => void;
  cancelled: boolean;
}

/** What befalls one call of a process, where a test has aimed at it. */
export interface Blow {
  /** Hits the process right before the call leaves it: it leaves when, and if, the process runs on. */
  readonly before?: () => void;
  /** Hits the process once the call has been done, before it hears the answer. */
  readonly after?: () => void;
  readonly lost?: "request" | "answer";
  /** The call is refused with this, and not done. */
  readonly refusal?: unknown;
}

/** Simulated time: what happens does so at a moment, in a process or (null) in the world outside of them. */
export interface Engine {
  readonly now: () => number;
  readonly seed: string;
  /** Whose code runs now. */
  current(): Process | null;
  spawn(name: string, skewMs?: number): Process;
  /** The wall clock as a process sees it. */
  clockOf(process: Process): () => number;
  at(afterMs: number, process: Process | null, happen: () => void): Happening;
  pause(process: Process): void;
  resume(process: Process): void;
  kill(process: Process): void;
  /** Lets time pass until then, or until `stop` answers true after something happened. */
  run(untilMs: number, stop: () => boolean): Promise<void>;
  happened(): number;
  /** Asked of every call of every process (`ledger.acquire`, `cloud.AssociateAddress`, `cluster.readPod`, `gate.open`). */
  tap: ((call: string, process: Process) => Blow | undefined) | undefined;
}

/** A day in 2027, so that a mistaken 0 shows. */
const beginning = 1_800_000_000_000;
const setImmediateForReal = setImmediate;

export function createEngine(seed: string): Engine {
  let now = beginning;
  let orders = 0;
  let happened = 0;
  let current: Process | null = null;
  const heap: Happening[] = [];

  function push(happening: Happening): void {
    let index = heap.push(happening) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(happening, heap[parent] as Happening)) break;
      heap[index] = heap[parent] as Happening;
      index = parent;
    }
    heap[index] = happening;
  }

  function pop(): Happening | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child += 1;
      if (!before(heap[child] as Happening, last)) break;
      heap[index] = heap[child] as Happening;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  function at(afterMs: number, process: Process | null, happen: () => void): Happening {
    orders += 1;
    const atMs = now + Math.max(0, Number.isFinite(afterMs) ? afterMs : 1e12);
    const happening = { atMs, order: orders, process, happen, cancelled: false };
    if (process?.state !== "dead") push(happening);
    return happening;
  }

  return {
    seed,
    tap: undefined,
    now: () => now,
    current: () => current,
    happened: () => happened,
    at,
    spawn: (name, skewMs = 0) => ({
      name,
      random: createRandom(`${seed}/${name}`),
      state: "running",
      skewMs,
      deferred: [],
    }),
    clockOf: (process) => () => now + process.skewMs,
    pause(process) {
      if (process.state === "running") process.state = "paused";
    },
    resume(process) {
      if (process.state !== "paused") return;
      process.state = "running";
      // Which of a timer and an answer is looked at first is anybody's guess.
      const due = process.deferred.splice(0).map((happening) => ({ happening, lot: process.random.next() }));
      for (const { happening } of due.toSorted((a, b) => a.lot - b.lot)) {
        if (!happening.cancelled) at(0, process, () => happening.cancelled || happening.happen());
      }
    },
    kill(process) {
      process.state = "dead";
      process.deferred.length = 0;
    },
    async run(untilMs, stop) {
      for (;;) {
        const next = heap[0];
        if (next === undefined || next.atMs > untilMs) {
          now = Math.max(now, untilMs);
          return;
        }
        pop();
        if (next.cancelled || next.process?.state === "dead") continue;
        now = Math.max(now, next.atMs);
        if (next.process?.state === "paused") {
          next.process.deferred.push(next);
          continue;
        }
        happened += 1;
        current = next.process;
        next.happen();
        await new Promise((resolve) => setImmediateForReal(resolve)); // every promise that can go on has gone on
        current = null;
        if (stop()) return;
      }
    },
  };
}

function before(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
