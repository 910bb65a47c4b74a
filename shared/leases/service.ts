import type { Acquisition, Job, Ledger, Renewal } from "../ledger/port.ts";
import type { PodLease, PodNote } from "../ledger/records.ts";
import { waiterLifeMs } from "../ledger/times.ts";
import type { Logger } from "../log.ts";
import type { Leases } from "./port.ts";

interface Waiting {
  /** Woken since the last time that anybody looked. */
  woken: boolean;
  notify: (() => void) | undefined;
  off: () => Promise<void>;
  seenMs: number;
}

/** The service speaks for many pods: `secretHash` is for callers that have to prove theirs (see Ledger). */
export interface LeaseService extends Leases {
  renew(podUid: string, note: PodNote | null, secretHash?: string): Promise<Renewal>;
  drain(podUid: string, graceMs: number, secretHash?: string): Promise<void>;
  release(podUid: string, timeLeftMs: number, secretHash?: string): Promise<void>;
  state(podUid: string): Promise<PodLease>;
}

/** What a detach that was not finished in time needs to say so; the controller is then told at once that it is due. */
const settlingMs = 400;

/**
 * The lease service: leases over the ledger and the cloud. `work` does a job to its end, settling included; `mayWork` names
 * the clouds for which this process can: none without. Elsewhere the controller does the work, and a pod hears of it by a wake-up.
 */
export function createLeaseService(options: {
  ledger: Ledger;
  work?: (job: Job, signal: AbortSignal | undefined) => Promise<void>;
  mayWork?: readonly string[];
  leaseMs: number;
  log: Logger;
}): LeaseService {
  const { ledger, work = noWork, mayWork = [], leaseMs, log } = options;
  const waiting = new Map<string, Waiting>();

  /** Pods that have ended, or ask another replica now. The map is in the order in which they last asked. */
  async function forgetSilent(nowMs: number): Promise<void> {
    for (const [podUid, { seenMs }] of waiting) {
      if (nowMs - seenMs < waiterLifeMs) return;
      await unlisten(podUid);
    }
  }

  /** True when the subscription is new: what happened before it has to be looked at once more. */
  async function listen(podUid: string): Promise<boolean> {
    const nowMs = performance.now();
    const known = waiting.get(podUid);
    if (known !== undefined) {
      waiting.delete(podUid);
      waiting.set(podUid, Object.assign(known, { seenMs: nowMs }));
      return false;
    }
    const entry: Waiting = { woken: false, notify: undefined, off: async () => undefined, seenMs: nowMs };
    waiting.set(podUid, entry);
    try {
      await forgetSilent(nowMs);
      entry.off = await ledger.onWake(podUid, () => {
        entry.woken = true;
        entry.notify?.();
      });
      return true;
    } catch (error) {
      waiting.delete(podUid);
      log.warn({ error }, "no wake-ups: asking again by the clock alone");
      return false;
    }
  }

  async function unlisten(podUid: string): Promise<void> {
    const entry = waiting.get(podUid);
    waiting.delete(podUid);
    await entry?.off();
  }

  async function acquireOnce(
    claim: Parameters<Leases["acquire"]>[0],
    signal: AbortSignal | undefined,
  ): Promise<Acquisition> {
    const answer = await ledger.acquire(claim, { leaseMs, mayWork });
    if (answer.status !== "work") return answer;
    await work(answer.job, signal);
    signal?.throwIfAborted(); // the pod is going: a lease taken now could outlive its release
    return ledger.acquire(claim, { leaseMs, mayWork: [] });
  }

  return {
    async acquire(claim, signal) {
      let answer = await acquireOnce(claim, signal);
      if (answer.status === "waiting" && (await listen(claim.podUid))) answer = await acquireOnce(claim, signal);
      if (answer.status === "work") throw new Error("the ledger handed out work that nobody asked for");
      if (answer.status === "attached") await unlisten(claim.podUid);
      return answer;
    },

    async woken(podUid, timeoutMs, signal) {
      const entry = waiting.get(podUid);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, entry?.woken === true ? 0 : timeoutMs);
        function done() {
          clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          if (entry !== undefined) entry.notify = undefined;
          resolve();
        }
        if (signal?.aborted === true) done();
        signal?.addEventListener("abort", done, { once: true });
        if (entry !== undefined) entry.notify = done;
      });
      if (entry !== undefined) entry.woken = false;
    },

    renew: (podUid, note, secretHash) => ledger.renew(podUid, leaseMs, note, secretHash),
    state: (podUid) => ledger.lease(podUid),
    drain: (podUid, graceMs, secretHash) => ledger.drain(podUid, { leaseMs, graceMs, ...proof(secretHash) }),

    async release(podUid, timeLeftMs, secretHash) {
      const forWorkMs = Math.floor(timeLeftMs - settlingMs); // timeouts take whole milliseconds alone
      const over = AbortSignal.timeout(Math.max(0, forWorkMs));
      const answer = await ledger.release(podUid, { mayWork: forWorkMs > 0 ? mayWork : [], ...proof(secretHash) });
      await unlisten(podUid);
      if (answer.status === "released" && answer.job !== undefined) await work(answer.job, over);
    },

    async close() {
      await Promise.all([...waiting.keys()].map(unlisten));
      await ledger.close();
    },
  };
}

const noWork = () => Promise.reject(new Error("no cloud work was asked for"));
const proof = (secretHash: string | undefined) => (secretHash === undefined ? {} : { secretHash });
