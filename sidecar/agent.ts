import type { Clock } from "../shared/clock.ts";
import { codeOf } from "../shared/errors.ts";
import type { Claim } from "../shared/ledger/port.ts";
import type { PodNote } from "../shared/ledger/records.ts";
import type { LeaseAnswer, Leases } from "../shared/leases/port.ts";
import type { Logger } from "../shared/log.ts";
import type { Gate, PodState } from "./gate.ts";
import { backoffMs, pollMs, renewAfterMs } from "./pace.ts";
import { createPause } from "./pause.ts";
import { persist } from "./persist.ts";

export interface AgentOptions {
  readonly leases: Leases;
  readonly claim: Claim;
  readonly gate: Gate;
  /** Null when the URL has seen the address, else what is wrong. */
  readonly verify: (url: string, ip: string, signal: AbortSignal) => Promise<string | null>;
  readonly onUnavailable: "wait" | "proceed";
  readonly graceMs: number;
  readonly leaseMs: number;
  readonly log: Logger;
  /** For durations only: best one that nobody can set. */
  readonly clock: Clock;
  readonly random: () => number;
}

export interface Agent {
  /** The pod is terminating: the lease still counts, and is not renewed. Revoked by the next acquire. */
  drain(): Promise<void>;
  /** Every app container has ended: releases, and resolves when that is done or `timeLeftMs` is over. */
  stop(timeLeftMs: number): Promise<void>;
  /**
   * Rejects for a ledger that is too old, and for a fault of the program itself: the agent never ends because no address is
   * free, or because the ledger does not answer.
   */
  readonly done: Promise<void>;
}

type Waiting = Extract<LeaseAnswer, { status: "waiting" }>;
type Attached = Extract<LeaseAnswer, { status: "attached" }>;

/** Until the pool is known: what pools.yaml gives a pool that does not say. */
const usualWaitSeconds = 300;
/** An echo URL is asked again at first after half a second, at last every few seconds. */
const slowestVerify = 4;

/**
 * Holds one pod's lease: takes it, however long that takes, opens the gate once the address is confirmed, renews, and gives
 * it back. Knows neither Redis nor a cloud nor Kubernetes.
 */
export function startAgent(options: AgentOptions): Agent {
  const { leases, claim, gate, log, clock, random } = options;
  const { podUid, pool } = claim;
  const stopped = new AbortController();
  const pause = createPause(stopped.signal);
  const startedAt = clock();
  let waitSeconds = usualWaitSeconds;
  let address: string | null = null;
  let gateOpen = false;
  let proceeding = false;
  let draining = false;
  let said = "";
  /** Told with every acquire and renewal: this program has no rights in Kubernetes, the controller tells the pod. */
  let note: PodNote | null = null;

  async function say(state: PodState, message: string): Promise<void> {
    const text = JSON.stringify(state);
    if (text === said) return;
    said = text;
    log.info(state, message);
    try {
      await gate.record(state);
    } catch (error) {
      log.warn({ error }, "state.json not written");
    }
  }

  async function openGate(ip: string): Promise<void> {
    gateOpen = true;
    proceeding = false;
    note = null;
    address = ip;
    await gate.open(ip);
    await say({ phase: draining ? "draining" : "held", pool, ip }, "address confirmed");
  }

  function untilProceedMs(): number {
    if (gateOpen || options.onUnavailable !== "proceed") return Infinity;
    return startedAt + waitSeconds * 1000 - clock();
  }

  /** Says why there is no confirmed address, and under `proceed` opens the gate without one when the time has come. */
  async function unavailable(
    phase: "waiting" | "verifying",
    why: Pick<PodState, "ip" | "reason" | "detail" | "position">,
    message: string,
  ): Promise<void> {
    address = null;
    const starts = untilProceedMs() <= 0;
    if (starts) {
      gateOpen = true;
      proceeding = true;
      await gate.openWithout();
    }
    const detail = why.detail ?? why.reason ?? "";
    if (proceeding) note = { kind: "proceeding", detail };
    else note = phase === "verifying" ? { kind: "unverified", detail } : null;
    await say(
      { phase: proceeding ? "proceeding" : phase, pool, ...why },
      starts ? "starting the app without its address" : message,
    );
  }

  async function waitTurn({ reason, detail, position, pool: known }: Waiting): Promise<void> {
    if (known !== undefined) waitSeconds = known.waitSeconds;
    const place = position === undefined ? {} : { position };
    await unavailable("waiting", { ip: null, reason, detail, ...place }, "waiting for an address");
    await leases.woken(podUid, Math.min(pollMs(reason, random()), untilProceedMs()), stopped.signal);
  }

  async function acquire(): Promise<Attached | undefined> {
    for (let failures = 0; !stopped.signal.aborted;) {
      try {
        const answer = await leases.acquire(note === null ? claim : { ...claim, note }, stopped.signal);
        if (stopped.signal.aborted) break;
        failures = 0;
        if (answer.status === "attached") return answer;
        await waitTurn(answer);
      } catch (error) {
        if (stopped.signal.aborted) break;
        const code = codeOf(error);
        if (code === "LEDGER_TOO_OLD") throw error;
        failures += 1;
        log.warn({ error, code, failures }, "lease not acquired, trying again");
        const detail = error instanceof Error ? error.message : String(error);
        await unavailable("waiting", { ip: null, reason: code ?? "INTERNAL", detail }, "waiting for the ledger");
        await pause(Math.min(backoffMs(failures, random()), untilProceedMs()));
      }
    }
    return undefined;
  }

  /** Renews until the ledger no longer knows the lease (acquire again) or the agent is stopped. */
  async function hold(attached: Attached): Promise<void> {
    const url = attached.pool.verify;
    let ip: string | null = attached.ip;
    let confirmed = false;
    let failures = 0;
    let unseen = 0;
    let renewAt = clock() + renewAfterMs(options.leaseMs, random());
    let verifyAt = clock();
    waitSeconds = attached.pool.waitSeconds;
    draining = false; // acquiring has cleared it

    while (!stopped.signal.aborted) {
      if (ip !== null && !confirmed && clock() >= verifyAt) {
        const problem = url === undefined ? null : await options.verify(url, ip, stopped.signal);
        if (stopped.signal.aborted) return;
        confirmed = problem === null;
        if (problem === null) await openGate(ip);
        else {
          unseen = Math.min(unseen + 1, slowestVerify);
          verifyAt = clock() + backoffMs(unseen, random());
          await unavailable("verifying", { ip, detail: problem }, "address not confirmed yet");
        }
      }
      await pause((ip === null || confirmed ? renewAt : Math.min(renewAt, verifyAt)) - clock());
      if (stopped.signal.aborted || clock() < renewAt) continue;
      try {
        const renewal = await leases.renew(podUid, note);
        failures = 0;
        renewAt = clock() + renewAfterMs(options.leaseMs, random());
        if (renewal.status === "unknown") {
          log.warn("the ledger does not know the lease: acquiring it again");
          return;
        }
        if (renewal.late) log.warn("lease renewed late");
        if (renewal.ip === ip) continue;
        log.warn({ before: ip, after: renewal.ip }, "the address has changed");
        ip = renewal.ip;
        confirmed = false;
        verifyAt = clock();
        const detail = "the node has lost its address; it is being attached again";
        if (ip === null) await unavailable("waiting", { ip, reason: "attaching", detail }, "waiting for an address");
      } catch (error) {
        failures += 1;
        renewAt = clock() + backoffMs(failures, random());
        log.warn({ error, code: codeOf(error), failures }, "lease not renewed, trying again");
      }
    }
  }

  async function live(): Promise<void> {
    while (!stopped.signal.aborted) {
      const attached = await acquire();
      if (attached !== undefined) await hold(attached);
    }
  }

  const done = live();
  return {
    done,
    async drain() {
      draining = true;
      if (address !== null) await say({ phase: "draining", pool, ip: address }, "the pod is terminating");
      await persist("lease draining", clock() + options.leaseMs, () => leases.drain(podUid, options.graceMs), options);
    },
    async stop(timeLeftMs) {
      const deadline = clock() + timeLeftMs;
      stopped.abort();
      // What is under way ends by itself; a ledger that does not answer must not use up the release's time.
      const half = new AbortController();
      await Promise.race([done.catch(() => undefined), createPause(half.signal)(timeLeftMs / 2)]);
      half.abort();
      const release = () => leases.release(podUid, Math.max(0, deadline - clock()));
      await persist("lease released", deadline, release, options);
    },
  };
}
