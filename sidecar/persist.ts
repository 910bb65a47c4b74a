import type { Clock } from "../shared/clock.ts";
import { codeOf } from "../shared/errors.ts";
import type { Logger } from "../shared/log.ts";
import { backoffMs } from "./pace.ts";

const longestPauseMs = 1000;

/** Calls until it succeeds or `deadlineMs` (of `clock`) has come; an answer is not waited for beyond that. Never rejects. */
export async function persist(
  what: string,
  deadlineMs: number,
  call: () => Promise<void>,
  { log, clock, random }: { log: Logger; clock: Clock; random: () => number },
): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await answered(call(), deadlineMs - clock());
      log.info(what);
      return;
    } catch (error) {
      const waitMs = Math.min(backoffMs(failures, random()), longestPauseMs);
      if (clock() + waitMs >= deadlineMs) {
        log.error({ error, code: codeOf(error), failures }, `${what}: given up; the lease ends by its expiry`);
        return;
      }
      log.warn({ error, code: codeOf(error), failures }, `${what}: trying again`);
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs);
      });
    }
  }
}

function answered(call: Promise<void>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in the time that was left")), withinMs);
  });
  return Promise.race([call, late]).finally(() => clearTimeout(timer));
}
