import { setTimeout as after } from "node:timers/promises";
import type { Logger } from "../../shared/log.ts";
import type { SelfMadeSource } from "./self-made.ts";
import type { CertificateStore } from "./store.ts";

const everyMs = 60_000;
/** Between two steps: somebody who undoes each of ours must not keep us busy. */
const leastGapMs = 1_000;
const retryMs = 3_000;

/** Waits for the first step, however long the API server is away, then goes on stepping. The function returned ends it. */
export async function keepStepping(options: {
  readonly source: SelfMadeSource;
  readonly store: Pick<CertificateStore, "watchBundle">;
  readonly log: Logger;
}): Promise<() => void> {
  const { source, store, log } = options;
  const ended = new AbortController();
  const tryStep = () =>
    source.step().then(
      () => true,
      (error: unknown) => {
        log.error({ error }, "certificate could not be put right");
        return false;
      },
    );
  while (!(await tryStep())) await after(retryMs);

  let wake: () => void = () => undefined;
  const stopWatching = store.watchBundle(() => wake());
  void (async () => {
    const nextWake = () => new Promise<void>((resolve) => (wake = resolve));
    let good = true;
    let woken = nextWake();
    while (!ended.signal.aborted) {
      await Promise.race([woken, pause(good ? everyMs : retryMs, ended.signal)]);
      await pause(leastGapMs, ended.signal);
      // Before the step: what changes during it is looked at again.
      woken = nextWake();
      if (!ended.signal.aborted) good = await tryStep();
    }
  })();
  return () => {
    ended.abort();
    stopWatching();
  };
}

/** Ends early, and without an error, when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
