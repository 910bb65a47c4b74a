import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { codeOf, EgressError } from "../shared/errors.ts";
import { operations } from "../shared/lease-api/operations.ts";
import { longestDetail, longestWaitMs } from "../shared/lease-api/schemas.ts";
import type { PodNote, WaitReason } from "../shared/ledger/records.ts";
import type { LeaseAnswer, Leases } from "../shared/leases/port.ts";
import { brokerCalls } from "./broker-call.ts";
import { createPause } from "./pause.ts";
import type { Trust } from "./trust.ts";

/** The webhook answers within milliseconds; a wait, and what is left of a pod's time, have limits of their own. */
const patienceMs = 10_000;

/**
 * One pod's lease through the webhook's lease API: the pod's projected token takes it, the secret that comes with the answer
 * renews and releases it. What the claim says of the pod is not sent: the webhook believes the token alone.
 */
export function brokeredLeases(options: {
  /** `https://…`: the webhook's Service. */
  readonly url: string;
  readonly ca: Trust;
  readonly tokenFile: string;
}): Leases {
  const { url, ca: trust, tokenFile } = options;
  const call = brokerCalls({ url, ca: () => trust.current() });
  let secret: string | undefined;
  const trusts = () => createHash("sha256").update(trust.current()).digest("base64url");

  async function token(): Promise<string> {
    try {
      return `Bearer ${(await readFile(tokenFile, "utf8")).trim()}`; // the kubelet renews it
    } catch (error) {
      throw new EgressError("TOKEN_MISSING", `${tokenFile} cannot be read`, { cause: error });
    }
  }

  /** By the secret; by the token where there is none, or an acquire whose answer got lost has replaced it. */
  async function speak(podUid: string, withinMs: number, run: (authorization: string, ms: number) => Promise<void>) {
    const startedAt = performance.now();
    if (secret !== undefined) {
      try {
        await run(`Lease ${podUid}.${secret}`, withinMs);
        return;
      } catch (error) {
        if (codeOf(error) !== "LEASE_SECRET_WRONG") throw error;
      }
    }
    await run(await token(), withinMs - (performance.now() - startedAt));
  }

  return {
    async acquire({ pool, note }, signal): Promise<LeaseAnswer> {
      const said = note === undefined ? {} : { note: short(note) };
      const authorization = await token();
      try {
        const {
          secret: told,
          ca,
          ...answer
        } = await call(
          operations.acquire,
          { pool, ...said, trusts: trusts() },
          { authorization, withinMs: patienceMs, signal },
        );
        secret = told;
        if (ca !== undefined) await trust.replace(ca);
        // A newer webhook may have reasons that this program has no name for: it waits, whatever the reason.
        return answer.status === "attached" ? answer : { ...answer, reason: answer.reason as WaitReason };
      } catch (error) {
        // Ends a sidecar whose own Redis it is; the webhook's may be another one soon.
        if (codeOf(error) !== "LEDGER_TOO_OLD") throw error;
        throw new EgressError("LEDGER_UNREACHABLE", "the webhook's Redis is too old", { cause: error });
      }
    },

    async woken(_podUid, timeoutMs, signal) {
      const forMs = Math.ceil(Math.min(timeoutMs, longestWaitMs));
      if (forMs <= 0 || signal?.aborted === true) return;
      const startedAt = performance.now();
      try {
        const authorization = await token();
        await call(operations.wait, { timeoutMs: forMs }, { authorization, withinMs: forMs + patienceMs, signal });
      } catch {
        // A hint that does not come: the clock alone then. Acquiring, which follows, says what is wrong.
        await createPause(signal ?? new AbortController().signal)(forMs - (performance.now() - startedAt));
      }
    },

    async renew(podUid, note) {
      if (secret === undefined) return { status: "unknown" };
      const authorization = `Lease ${podUid}.${secret}`;
      try {
        const said = note === null ? null : short(note);
        const asked = { note: said, trusts: trusts() };
        const answer = await call(operations.renew, asked, { authorization, withinMs: patienceMs });
        if (answer.status === "unknown") return answer;
        const { ca, ...renewal } = answer;
        if (ca !== undefined) await trust.replace(ca);
        return renewal;
      } catch (error) {
        if (codeOf(error) === "LEASE_SECRET_WRONG") return { status: "unknown" }; // the token will tell who we are
        throw error;
      }
    },

    drain: (podUid, graceMs) =>
      speak(podUid, patienceMs, (authorization, withinMs) =>
        call(operations.drain, { graceMs: Math.round(graceMs) }, { authorization, withinMs }),
      ),
    release: (podUid, timeLeftMs) =>
      speak(podUid, timeLeftMs, (authorization, withinMs) => call(operations.release, {}, { authorization, withinMs })),
    close: async () => call.close(),
  };
}

const short = ({ kind, detail }: PodNote): PodNote => ({ kind, detail: detail.slice(0, longestDetail) });
