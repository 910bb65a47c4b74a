/** Keys to look at. Adding one that waits already changes nothing; one that is worked on is looked at once more after. */
export interface WorkQueue {
  /** `afterMs`: not before that; the earliest wish counts. */
  add(key: string, afterMs?: number): void;
  /** Resolves when nothing runs any more; after the signal aborted, nothing starts again. */
  idle(): Promise<void>;
}

interface WorkQueueOptions {
  readonly concurrency: number;
  /** Looks at the key: brings things in line with what is true now. Answers when to look again (ms), if at all. */
  readonly run: (key: string) => Promise<number | undefined>;
  /** A failed run is tried again after a delay that grows; this only tells about it. */
  readonly failed: (key: string, error: unknown, attempt: number) => void;
  readonly retryMs?: (attempt: number) => number;
  readonly signal: AbortSignal;
}

/** Doubling from half a second to half a minute, with jitter so that many keys do not come back together. */
function backoffMs(attempt: number): number {
  return Math.min(30_000, 250 * 2 ** attempt) * (0.75 + Math.random() / 2);
}

/**
 * The controllers' usual work queue: one run at a time per key, several keys at once, so that a slow key holds up nobody.
 * p-queue has no keys; this is what is left to write.
 */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { run, failed, signal, concurrency, retryMs = backoffMs } = options;
  const ready = new Set<string>();
  const running = new Set<string>();
  const timers = new Map<string, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();
  const attempts = new Map<string, number>();
  let waitingForIdle: (() => void)[] = [];

  function later(key: string, afterMs: number): void {
    const atMs = performance.now() + afterMs;
    const earlier = timers.get(key);
    if (earlier !== undefined && earlier.atMs <= atMs) return;
    clearTimeout(earlier?.timer);
    const timer = setTimeout(() => now(key), afterMs);
    timers.set(key, { atMs, timer });
  }

  function now(key: string): void {
    clearTimeout(timers.get(key)?.timer);
    timers.delete(key);
    ready.add(key);
    pump();
  }

  function pump(): void {
    if (!signal.aborted) {
      for (const key of ready) {
        if (running.size >= concurrency) break;
        if (running.has(key)) continue;
        ready.delete(key);
        running.add(key);
        void work(key);
      }
    }
    if (running.size > 0) return;
    const told = waitingForIdle;
    waitingForIdle = [];
    for (const tell of told) tell();
  }

  async function work(key: string): Promise<void> {
    let againMs: number | undefined;
    try {
      againMs = await run(key);
      attempts.delete(key);
    } catch (error) {
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      if (!signal.aborted) failed(key, error, attempt);
      againMs = retryMs(attempt);
    }
    running.delete(key);
    if (againMs !== undefined && !signal.aborted) later(key, againMs);
    pump();
  }

  signal.addEventListener("abort", () => {
    for (const { timer } of timers.values()) clearTimeout(timer);
    timers.clear();
    ready.clear();
  });

  return {
    add(key, afterMs) {
      if (signal.aborted) return;
      if (afterMs !== undefined && afterMs > 0) later(key, afterMs);
      else now(key);
    },
    idle() {
      if (running.size === 0) return Promise.resolve();
      return new Promise((resolve) => waitingForIdle.push(resolve));
    },
  };
}
