import type { Clock } from "../../shared/clock.ts";
import { codeOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { authorityLifeMs, issue, makeAuthority, servingLifeMs } from "./authority.ts";
import { authorityIsDue, bundleOf, decodeState, encodeState, rotated, type AuthorityState } from "./authority-state.ts";
import type { CertificateSource, ServingCertificate } from "./port.ts";
import type { CertificateStore } from "./store.ts";

export interface SelfMadeSource extends CertificateSource {
  /** Puts everything right once: Secret, caBundle, serving certificate, in this order. Rejects when the store does. */
  step(): Promise<void>;
}

interface SelfMadeOptions {
  readonly store: CertificateStore;
  /** DNS names of our Service. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Brokered sidecars hear of a new CA with their renewals and their waits (every 20 to 30 s): all should have, before anything is
 * served with it. A replica that starts meanwhile has no choice; who cannot connect to it tries again, maybe at another one.
 */
export const trustedFirstMs = 10 * 60_000;

/**
 * A serving certificate of our own. The CA is in a Secret that all replicas share; each makes its own serving certificate
 * and keeps its key in memory. The order of a step makes rotation safe: a new CA is in the caBundle, beside the one before
 * it, before any replica serves with it. Call `step` at the start, now and then, and when the caBundle changed.
 */
export function selfMadeCertificate({ store, names, clock, log }: SelfMadeOptions): SelfMadeSource {
  const subscribers = new Set<(certificate: ServingCertificate) => void>();
  let known: AuthorityState | undefined;
  let current: ServingCertificate | undefined;
  let issuedBy = "";
  let bundle = "";

  /** The Secret's state, made or renewed where it is due. Bounded: of several replicas one wins, the others read its CA. */
  async function agree(): Promise<AuthorityState> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const stored = await store.readSecret();
      const state = stored === null ? undefined : usable(stored.data);
      if (state !== undefined && !authorityIsDue(state.authority, clock())) return state;
      // Deleted or damaged: what we know is what the others serve with.
      const base = state ?? known;
      const next =
        base !== undefined && !authorityIsDue(base.authority, clock())
          ? base
          : rotated(base, await makeAuthority(clock()), clock());
      if (await store.writeSecret(encodeState(next), stored?.version ?? null)) {
        log.info({ notAfter: new Date(next.authority.notAfterMs).toISOString() }, "certificate authority written");
        return next;
      }
    }
    throw new Error("the Secret of the certificate authority changes faster than it can be read");
  }

  function usable(data: Readonly<Record<string, string>>): AuthorityState | undefined {
    try {
      return decodeState(data, clock());
    } catch (error) {
      if (codeOf(error) !== "CERTIFICATE_INVALID") throw error;
      log.error({ error }, "certificate authority cannot be used");
      return undefined;
    }
  }

  /** Whether the caBundle had to be changed. */
  async function trust(state: AuthorityState): Promise<boolean> {
    const wanted = bundleOf(state);
    const found = await store.readBundle();
    if (found === null) log.warn({}, "no webhook configuration yet");
    if (found === null || found.trim() === wanted.trim()) return false;
    await store.writeBundle(wanted);
    log.info({ wasEmpty: found === "" }, "caBundle written");
    return true;
  }

  async function step(): Promise<void> {
    const state = await agree();
    known = state;
    bundle = bundleOf(state);
    const changed = await trust(state);
    const { cert } = state.authority;
    const due = current === undefined || current.notAfterMs - clock() < servingLifeMs / 3 || issuedBy !== cert;
    const ageMs = clock() - (state.authority.notAfterMs - authorityLifeMs);
    // API servers see a new caBundle a moment later, sidecars later still: a replica that serves already changes over after them.
    const unheard = changed || (issuedBy !== cert && ageMs < trustedFirstMs);
    if (!due || (unheard && current !== undefined && current.notAfterMs > clock())) return;
    current = await issue(
      state.authority,
      names.map((value) => ({ type: "dns", value })),
      clock(),
    );
    issuedBy = cert;
    log.info({ notAfter: new Date(current.notAfterMs).toISOString() }, "certificate issued");
    for (const renewed of subscribers) renewed(current);
  }

  return {
    step,
    current() {
      if (current === undefined) throw new Error("step() has to succeed first");
      return current;
    },
    trusted: () => bundle,
    subscribe(changed) {
      subscribers.add(changed);
      return () => void subscribers.delete(changed);
    },
    close: () => subscribers.clear(),
  };
}
