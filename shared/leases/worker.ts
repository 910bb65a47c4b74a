import type { Assignment, Cloud } from "../clouds/port.ts";
import { EgressError } from "../errors.ts";
import type { Job, Ledger, Settlement } from "../ledger/port.ts";
import { workMs } from "../ledger/times.ts";
import type { Lock } from "../lock/port.ts";
import type { Logger } from "../log.ts";
import { settlementOf } from "./settlement.ts";
import { slowDown, takeTurn, type Turns } from "./turn.ts";

export interface Workshop {
  readonly ledger: Pick<Ledger, "extend" | "settle" | "penalize">;
  readonly turns: Turns;
  readonly cloud: Cloud;
  readonly lock: Lock;
  readonly log: Logger;
  readonly watch?: WorkWatch;
}

/** What happens to a job besides its outcome. */
export interface WorkWatch {
  /** It had to wait for others (`paced`), or is put off by the cloud (`throttled`). */
  waited(job: Job, why: "paced" | "throttled", ms: number): void;
  /** Its node has lost its public address (false), or has one again (true). */
  publicAddress(job: Job, there: boolean): void;
}

/** A job that takes longer is left to the next attempt, which reads the cloud before it does anything. */
const longestMs = 180_000;

/**
 * Does one job: waits for its turn, takes the node's lock, keeps the right to work while the cloud takes its time, stops when
 * either is lost, and settles. Answers what was settled; never rejects for what the cloud did, only when the ledger cannot be
 * told (the job is then due again by itself). Run by the sidecar's cloud worker and by the controller alike.
 */
export async function work(job: Job, shop: Workshop, signal?: AbortSignal): Promise<Settlement> {
  const { ledger, lock } = shop;
  const log = shop.log.child({
    kind: job.kind,
    node: job.node,
    machine: job.machine.id,
    address: job.address.ip,
    fence: job.fence,
  });
  const lost = new AbortController();
  const over = [lost.signal, AbortSignal.timeout(longestMs), ...(signal === undefined ? [] : [signal])];
  // By our own clock: an actor that stood still must find out by itself, before it hears it from anybody.
  let mineUntilMs = 0;
  // What is settled is another attempt's to do, even if a call that nobody waits for any more comes back and would go on.
  let ended = false;
  const stillMine = () => !ended && performance.now() < mineUntilMs && !lost.signal.aborted;
  async function extend(): Promise<void> {
    const askedAtMs = performance.now();
    if (await ledger.extend(job.machine.id, job.fence)) mineUntilMs = askedAtMs + workMs;
    else lost.abort(new EgressError("LOCK_LOST", `another attempt than ${job.fence} has taken over ${job.machine.id}`));
  }
  const warn = (error: unknown) => log.warn({ error }, "work not extended");
  const timer = setInterval(() => void extend().catch(warn), workMs / 3);

  const startedAt = performance.now();
  let pacedMs = 0;
  let goneAt: number | undefined;
  let withoutAddressMs: number | null | undefined;
  const paced = (ms: number): void => {
    pacedMs = ms;
    shop.watch?.waited(job, "paced", ms);
  };
  const publicAddress = (there: boolean): void => {
    if (!there) goneAt ??= performance.now();
    withoutAddressMs = there && goneAt !== undefined ? Math.round(performance.now() - goneAt) : null;
    shop.watch?.publicAddress(job, there);
  };
  const locked = (): Promise<Settlement> =>
    lock.using(job.machine.id, async (held) => {
      await extend(); // it may have taken long to come here
      lost.signal.throwIfAborted();
      return await perform(job, shop.cloud, { stillMine, publicAddress }, AbortSignal.any([held, ...over]));
    });
  let settlement: Settlement;
  try {
    settlement = (await takeTurn(job, shop.turns, paced, AbortSignal.any(over))) ?? (await locked());
  } catch (error) {
    settlement = settlementOf(error, job.kind, Math.random());
    if (settlement.outcome === "retry" && settlement.code === "CLOUD_THROTTLED") {
      shop.watch?.waited(job, "throttled", settlement.retryAfterMs);
      await slowDown(job, ledger, error).catch((failed: unknown) =>
        log.warn({ error: failed }, "others not slowed down"),
      );
    }
    log.warn({ error, outcome: settlement.outcome }, "cloud work failed");
  } finally {
    ended = true;
    clearInterval(timer);
  }
  const current = await ledger.settle(job.machine.id, job.fence, settlement);
  const durationMs = Math.round(performance.now() - startedAt);
  const told = { outcome: settlement.outcome, durationMs, pacedMs, withoutAddressMs };
  if (current) log.info(told, "work settled");
  else log.warn(told, "work refused: a newer fence holds the node");
  return settlement;
}

async function perform(
  { kind, pool, machine, address, fence, restoreEphemeral }: Job,
  cloud: Cloud,
  asked: Pick<Assignment, "stillMine" | "publicAddress">,
  signal: AbortSignal,
): Promise<Settlement> {
  const assignment = { machine, address, attempt: fence, ...asked };
  if (kind === "attach") {
    const { hadEphemeral } = await cloud.attach(pool, assignment, signal);
    return { outcome: "attached", hadEphemeral };
  }
  const { outcome } = await cloud.detach(pool, { ...assignment, restoreEphemeral }, signal);
  return { outcome };
}
