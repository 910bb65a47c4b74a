/** What /readyz says. Certificate and pools decide; the rest is detail: an unreachable Redis must not stop admission. */
export interface Readiness {
  readonly ready: boolean;
  readonly certificate: { readonly ok: boolean; readonly notAfter: string };
  readonly pools: { readonly inForce: number; readonly problem: string | null };
  readonly stopping: boolean;
  readonly ledger: string;
  readonly controller: string;
}

export interface ReadinessFacts {
  readonly nowMs: number;
  readonly certificateEndsMs: number;
  readonly pools: number;
  readonly poolsProblem: string | undefined;
  readonly stopping: boolean;
  readonly ledger: string;
  readonly controller: string;
}

export function readinessOf(facts: ReadinessFacts): Readiness {
  const valid = facts.nowMs < facts.certificateEndsMs;
  return {
    ready: valid && !facts.stopping,
    certificate: { ok: valid, notAfter: new Date(facts.certificateEndsMs).toISOString() },
    pools: { inForce: facts.pools, problem: facts.poolsProblem ?? null },
    stopping: facts.stopping,
    ledger: facts.ledger,
    controller: facts.controller,
  };
}
