import type { Clock } from "../shared/clock.ts";
import { codeOf } from "../shared/errors.ts";
import type { Claim } from "../shared/ledger/port.ts";
import type { LeaseAnswer, Leases } from "../shared/leases/port.ts";
import type { Logger } from "../shared/log.ts";
import type { Gate, PodState } from "./gate.ts";
import { backoffMs, pollMs, renewAfterMs } from "./pace.ts";
import { createPause } from "./pause.ts";

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
  readonly clock: Clock;
  readonly random: () => number;
}

export interface Agent {
  /** The pod is terminating: the lease still counts, and is not renewed. Revoked by the next acquire. */
  drain(): Promise<void>;
  /** Every app container has ended: releases, and resolves when that is done or `timeLeftMs` is over. */
  stop(timeLeftMs: number): Promise<void>;
  /** Rejects only for a fault of the program itself: the agent never ends because no address is free. */
  readonly done: Promise<void>;
}

type Waiting = Extract<LeaseAnswer, { status: "waiting" }>;
type Attached = Extract<LeaseAnswer, { status: "attached" }>;

/** How long a release is tried when the ledger does not answer; then the lease's expiry ends it. */
const releaseTries = 5;

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
  let gateOpen = false;
  let draining = false;
  let said = "";

  async function say(state: PodState, message: string): Promise<void> {
    const text = JSON.stringify(state);
    if (text === said) return;
    said = text;
    log.info(state, message);
    await gate.record(state);
  }

  async function proceedWhenDue(waitSeconds: number, detail: string): Promise<void> {
    if (gateOpen || options.onUnavailable !== "proceed" || clock() - startedAt < waitSeconds * 1000) return;
    gateOpen = true;
    await gate.openWithout();
    await say({ phase: "proceeding", pool, ip: null, detail }, "starting the app without its address");
  }

  async function waitTurn(answer: Waiting): Promise<void> {
    const { reason, detail, position } = answer;
    const place = position === undefined ? {} : { position };
    await say({ phase: "waiting", pool, ip: null, reason, detail, ...place }, "waiting for an address");
    if (answer.pool !== undefined) await proceedWhenDue(answer.pool.waitSeconds, detail);
    await leases.woken(podUid, pollMs(reason, random()), stopped.signal);
  }

  async function acquire(): Promise<Attached | undefined> {
    for (let failures = 0; !stopped.signal.aborted;) {
      try {
        const answer = await leases.acquire(claim, stopped.signal);
        failures = 0;
        if (answer.status === "attached") return answer;
        await waitTurn(answer);
      } catch (error) {
        failures += 1;
        log.warn({ error, code: codeOf(error), failures }, "lease not acquired, trying again");
        await pause(backoffMs(failures, random()));
      }
    }
    return undefined;
  }

  /** Renews until the ledger no longer knows the lease (true: acquire again) or the agent is stopped. */
  async function hold(attached: Attached): Promise<void> {
    const verifyUrl = attached.pool.verify;
    let ip: string | null = attached.ip;
    let confirmed = verifyUrl === undefined;
    let failures = 0;
    let renewAt = clock() + renewAfterMs(options.leaseMs, random());
    let verifyAt = clock();
    if (confirmed) await openGate(attached.ip);

    while (!stopped.signal.aborted) {
      await pause((confirmed ? renewAt : Math.min(renewAt, verifyAt)) - clock());
      if (stopped.signal.aborted) return;
      if (!confirmed && verifyUrl !== undefined && ip !== null && clock() >= verifyAt) {
        const problem = await options.verify(verifyUrl, ip, stopped.signal);
        confirmed = problem === null;
        if (confirmed) await openGate(ip);
        else if (problem !== null && !stopped.signal.aborted) {
          await say({ phase: "verifying", pool, ip, detail: problem }, "address not confirmed yet");
          await proceedWhenDue(attached.pool.waitSeconds, problem);
          verifyAt = clock() + backoffMs(2, random());
        }
      }
      if (clock() < renewAt) continue;
      try {
        const renewal = await leases.renew(podUid);
        failures = 0;
        renewAt = clock() + renewAfterMs(options.leaseMs, random());
        if (renewal.status === "unknown") {
          log.warn("the ledger does not know the lease: acquiring it again");
          return;
        }
        if (renewal.late) log.warn("lease renewed late");
        if (renewal.ip !== ip) {
          log.warn({ before: ip, after: renewal.ip }, "the address has changed");
          ip = renewal.ip;
          if (ip !== null && confirmed) await openGate(ip);
        }
      } catch (error) {
        failures += 1;
        renewAt = clock() + backoffMs(failures, random());
        log.warn({ error, code: codeOf(error), failures }, "lease not renewed, trying again");
      }
    }
  }

  async function openGate(ip: string): Promise<void> {
    gateOpen = true;
    await gate.open(ip);
    await say({ phase: draining ? "draining" : "held", pool, ip }, "address confirmed");
  }

  async function live(): Promise<void> {
    while (!stopped.signal.aborted) {
      const attached = await acquire();
      if (attached !== undefined) await hold(attached);
    }
  }

  async function persist(what: string, tries: number, call: () => Promise<void>): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        await call();
        log.info(what);
        return;
      } catch (error) {
        if (failures >= tries) {
          log.error({ error, failures }, `${what}: given up; the lease ends by its expiry`);
          return;
        }
        log.warn({ error, failures }, `${what}: trying again`);
        await new Promise((resolve) => {
          setTimeout(resolve, Math.min(backoffMs(failures, random()), 1000));
        });
      }
    }
  }

  const done = live();
  return {
    done,
    async drain() {
      draining = true;
      await persist("lease draining", releaseTries, () => leases.drain(podUid, options.graceMs));
    },
    async stop(timeLeftMs) {
      stopped.abort();
      await done;
      await persist("lease released", releaseTries, () => leases.release(podUid, timeLeftMs));
    },
  };
}
