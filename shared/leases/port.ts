import type { Acquisition, Claim, Renewal } from "../ledger/port.ts";
import type { PodNote } from "../ledger/records.ts";
import type { Pool } from "../pools/schema.ts";

/** What a pod's agent goes by, of its pool. */
export type PoolTerms = Pick<Pool, "name" | "waitSeconds" | "verify">;

type Answer = Exclude<Acquisition, { status: "work" }>;
type WithTerms<A> = A extends { pool: Pool }
  ? Omit<A, "pool"> & { readonly pool: PoolTerms }
  : Omit<A, "pool"> & { readonly pool?: PoolTerms };

/** What a sidecar is told: like the ledger's answer, but the work has been done, and of the pool there are its terms. */
export type LeaseAnswer = WithTerms<Answer>;

/**
 * Leases, as an agent sees them: one pod's lease, taken, renewed, drained, released. Two implementations: the lease
 * service over ledger and cloud, and (brokered mode) an HTTP client of it. All calls are idempotent by pod UID.
 */
export interface Leases {
  /** Takes the lease, or says why the pod waits. May take as long as one attach. */
  acquire(claim: Claim, signal?: AbortSignal): Promise<LeaseAnswer>;
  /** Resolves when something changed for the pod, or after `timeoutMs`, or when aborted. Never rejects. */
  woken(podUid: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** `note`: what there is to say of the pod; null for nothing. */
  renew(podUid: string, note: PodNote | null): Promise<Renewal>;
  drain(podUid: string, graceMs: number): Promise<void>;
  /** One ledger command; where this process may also detach, it uses what is left of `timeLeftMs` for it. */
  release(podUid: string, timeLeftMs: number): Promise<void>;
  close(): Promise<void>;
}
