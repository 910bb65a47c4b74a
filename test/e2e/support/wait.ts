import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks until `probe` answers with something else than a sentence: a string is what was seen instead and is told when
 * time is up. An error of the probe is something seen, too.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | string>,
  seconds = 60,
): Promise<Exclude<T, string>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await probe().catch((error: unknown) => `error: ${String(error)}`);
    if (typeof seen !== "string") return seen as Exclude<T, string>;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}. Last seen: ${seen}`);
    await pause(200);
  }
}

/** Lets time pass in which something must not happen; `why` is for the reader. */
export const during = (why: string, milliseconds: number): Promise<string> => pause(milliseconds, why);
