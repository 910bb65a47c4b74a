import type { CloudAddress, Machine } from "../clouds/port.ts";
import type { Pool } from "../pools/schema.ts";
import type { Beat, Mirror } from "./beat.ts";
import type {
  Attachment,
  HistoryEntry,
  Lease,
  LedgerFigures,
  NodeEntry,
  PodLease,
  PodNote,
  Snapshot,
  WaitReason,
} from "./records.ts";
import type { PaceLimits } from "./times.ts";

/** One pod's wish for an address: who it is, where it runs and which pool it wants. */
export interface Claim {
  readonly podUid: string;
  /** `namespace/name`, for people. */
  readonly pod: string;
  /** `namespace/name` of its service account, held against the pool's `allow`. */
  readonly serviceAccount: string;
  /** The Kubernetes node name (downward API); the node directory says which machine that is. */
  readonly node: string;
  /** The UID of that node, when it is known: a directory that still has an older node of the name is not believed. */
  readonly nodeUid?: string;
  readonly pool: string;
  readonly note?: PodNote;
  /** Of the secret that whoever speaks for the lease later has to bring (brokered mode): SHA-256, base64url. */
  readonly secretHash?: string;
}

/** One piece of cloud work on one node. Whoever got it is its only actor until `deadlineMs` passes unextended. */
export interface Job {
  readonly kind: "attach" | "detach";
  readonly machine: Machine;
  readonly node: string;
  readonly pool: Pool;
  readonly address: { readonly id: string; readonly ip: string };
  /** `<epoch>.<counter>`: grows with every attempt; an older one is refused. */
  readonly fence: string;
  /** For detach: whether the node had an ephemeral address before the attach. */
  readonly restoreEphemeral: boolean;
}

export type Acquisition =
  | {
      readonly status: "attached";
      readonly ip: string;
      readonly fence: string;
      readonly pool: Pool;
      readonly expiresAtMs: number;
    }
  /** The caller is the actor now: do the job, then settle it. The pod's lease is already counted. */
  | { readonly status: "work"; readonly job: Job }
  | {
      readonly status: "waiting";
      readonly reason: WaitReason;
      readonly detail: string;
      /** With `exhausted`: place in the pool's queue, 1 is next. Namespaces take turns, so one that comes later may be first. */
      readonly position?: number;
      readonly waiting?: number;
      /** The pool, when it is known: its waitSeconds count for `on-unavailable: proceed`. */
      readonly pool?: Pool;
    };

export type Renewal =
  /** `late`: it had expired and nobody had ended it yet. `ip` is null while the address is not (or no longer) confirmed. */
  | { readonly status: "renewed"; readonly ip: string | null; readonly expiresAtMs: number; readonly late: boolean }
  /** The ledger does not know the lease: acquire again, and let the app run on. */
  | { readonly status: "unknown" };

export type Release =
  | { readonly status: "unknown" }
  /** `job`: linger is 0, this was the last lease and the caller may work: it is the actor of the detach now. */
  | { readonly status: "released"; readonly last: boolean; readonly job?: Job };

/**
 * How a job ended. `failed` frees the address (or marks it taken/missing) and sends the leases back to the queue; while an earlier
 * attempt may come true (`unsureUntilMs`), or the node is left without a way out (`stranded`), it counts as a `retry` after 15 s.
 */
export type Settlement =
  | { readonly outcome: "attached"; readonly hadEphemeral: boolean }
  | { readonly outcome: "detached" | "kept" | "absent" }
  | {
      readonly outcome: "failed";
      readonly code: string;
      readonly message: string;
      /** true when the fault is the address's (taken, missing): it is not tried again before the next inventory. */
      readonly addressAtFault: boolean;
    }
  /** Unknown, or to be tried again: the attachment stays as it is and is due again after `retryAfterMs`. */
  | { readonly outcome: "retry"; readonly code: string; readonly message: string; readonly retryAfterMs: number };

/** What the controller has to look at now. */
export interface Due {
  readonly nowMs: number;
  readonly epoch: string;
  /** Machines with cloud work that nobody is doing; `begin` hands out the job. */
  readonly machines: readonly string[];
  /** Leases whose expiry has passed: suspicions, to be ended only on evidence. */
  readonly expired: readonly Lease[];
  /** Machines that changed since the time that was asked for; without such a time, none. */
  readonly changed: readonly string[];
  /** When something becomes due next without anybody's doing; null when nothing will. */
  readonly nextMs: number | null;
}

/** What an inventory put right: addresses `adopted` without a record, and attachments `lost` that are attached again. */
export interface Repairs {
  readonly adopted: number;
  readonly lost: number;
  /** In use by pods (or kept on a node) and no longer in the pool: no inventory tells any more whether they are where they should be. */
  readonly out: readonly { readonly machine: Machine; readonly address: Attachment["address"] }[];
}

/**
 * The ledger: pools' addresses, attachments, leases and waiters of one installation. Every method is one atomic command
 * at the ledger's own clock and one round trip. Doing a command twice, late or out of order is harmless: commands are
 * keyed by pod UID and fence.
 *
 * Fails with EgressError LEDGER_UNREACHABLE, LEDGER_READONLY, LEDGER_FULL, LEDGER_TOO_OLD, LEDGER_VERSION,
 * LEDGER_SUPERSEDED or LEDGER_REPLY; nothing is half done then. "Held by another", "exhausted" and the like are answers, not errors.
 *
 * `secretHash` of renew, drain and release: the caller is only who it says if the pod's lease, or place in the queue, was
 * acquired with this one last; else LEASE_SECRET_WRONG, and nothing was changed. Left out, the caller is trusted.
 */
export interface Ledger {
  /**
   * Takes or refreshes the pod's lease (clearing a drain), or queues it. `mayWork`: the caller can do cloud work for the
   * given clouds; for others it is told `attaching`, and the controller is woken. `running`: the pod's app runs already, so
   * that neither `allow` nor the namespace's quota is asked, and the pod does not queue behind others.
   */
  acquire(
    claim: Claim,
    options: { readonly leaseMs: number; readonly mayWork: readonly string[]; readonly running?: boolean },
  ): Promise<Acquisition>;
  /**
   * `note`: null for nothing to say; left out, the note that is there stays. A lease without a secret (restored by the
   * controller) is unknown to a `secretHash`.
   */
  renew(podUid: string, leaseMs: number, note?: PodNote | null, secretHash?: string): Promise<Renewal>;
  /** The pod is terminating: its lease counts for at least `leaseMs` and `graceMs` more, whichever is longer. */
  drain(
    podUid: string,
    options: { readonly leaseMs: number; readonly graceMs: number; readonly secretHash?: string },
  ): Promise<void>;
  /**
   * Ends the pod's lease, or its place in the queue. `expiredAtMs`: only a lease that still ends at that very time (evidence
   * gathered for an expired lease must not end one that was renewed meanwhile); any other is answered `unknown`.
   */
  release(
    podUid: string,
    options: { readonly mayWork: readonly string[]; readonly expiredAtMs?: number; readonly secretHash?: string },
  ): Promise<Release>;

  /** Makes the caller the actor of what is due on the machine, with a new fence; null when nothing is due (any more). */
  begin(machine: string): Promise<Job | null>;
  /**
   * Extends the actor's right to work; false when it was lost to a newer fence, or another Redis serves now and may have
   * brought an old one back: stop at once.
   */
  extend(machine: string, fence: string): Promise<boolean>;
  /** Records how a job ended; false when the fence is old: nothing was changed. */
  settle(machine: string, fence: string, settlement: Settlement): Promise<boolean>;

  /**
   * Places in the line of all actors that change things in one cloud account, on whatever node: at most `burst` at once, then
   * `perSecond`. Answers how many of the wanted places were taken, and how long to wait before the work on all of them: those that
   * are free now; where none is, those that will be within `longestPaceMs`; 0 where even the first is farther off.
   */
  pace(
    bucket: string,
    limits: PaceLimits,
    wanted: number,
  ): Promise<{ readonly places: number; readonly waitMs: number }>;
  /** The cloud has throttled one of them: for `pauseMs` nobody gets a place at once, and after it there is no burst. */
  penalize(bucket: string, limits: PaceLimits, pauseMs: number): Promise<void>;

  /**
   * Replaces the pools. One that is missing from the list is served until its last lease ends, and not taken anew. Answers
   * the names whose change was refused: the cloud, region and project of a pool in use do not change.
   */
  putPools(pools: readonly Pool[]): Promise<string[]>;
  /** Writes a row of the node directory. Another machine behind the name ends the leases on the one before. */
  putNode(node: NodeEntry): Promise<void>;
  /** The node is gone: forgets it, and ends every lease on its machine. */
  removeNode(name: string): Promise<void>;
  /** Ends every lease on a machine whose pods cannot be using it any more (dead, silent for unreachableSeconds). */
  endLeases(machine: string): Promise<void>;
  /**
   * Takes in what the cloud says of a pool. `readAtMs`: the ledger's clock before the read began (from `now`); addresses that
   * changed since shortly before are left alone. Adopts a pool address found on a known machine without a record, and makes
   * an attachment due again whose address is on no machine. Answers how many of each it put right.
   */
  putInventory(pool: string, addresses: readonly CloudAddress[], readAtMs: number): Promise<Repairs>;
  /**
   * The machine was read in the cloud and does not carry this address: its attachment, if pods use it and it is older than
   * the read, is due again; one that was kept is undone. Answers whether it is. For addresses that no inventory lists (`Repairs.out`).
   */
  missed(machine: string, addressId: string, readAtMs: number): Promise<boolean>;

  /**
   * The active controller's sign of life, first thing in its term and every `beatEveryMs`. `mirror`: what the last beat that
   * is known outside has answered; null when none is. Tells a doubtful ledger from a good one, see `DoubtSign`. `restored`: the
   * epoch in which the leases of all running pods are known to be there; before, a ledger that was emptied detaches nothing and
   * grants nothing to pods that start. It is not heard without a mirror.
   */
  beat(mirror: Mirror | null, restored?: string): Promise<Beat>;
  /**
   * The same ledger for the leader of this term (the leadership's count of transitions): its commands fail with
   * LEDGER_SUPERSEDED once a newer term has beaten. It shares the connection: close the ledger that it came from.
   */
  inTerm(term: number): Ledger;

  now(): Promise<number>;
  /** `changedSinceMs`: the `nowMs` of the answer before; what changed earlier is forgotten. */
  due(changedSinceMs?: number): Promise<Due>;
  /** What there is of one pod: its lease, or its place as a waiter, or neither; `ip` is on its node and confirmed, else null. */
  lease(podUid: string): Promise<PodLease>;
  /** As `snapshot`, of one machine: its node's row and waiters, attachment, leases, problem. Costs that machine only. */
  look(machine: string): Promise<Snapshot>;
  figures(): Promise<LedgerFigures>;
  /** For inspection, and to begin with: it costs all that exists. */
  snapshot(): Promise<Snapshot>;
  /**
   * What befell addresses, for people: at most `most` entries, oldest first, later than the entry of id `after` ("": from the oldest
   * that is kept). No rule reads it; it outlives a doubt, and may lack what a full Redis did not take.
   */
  history(after: string, most: number): Promise<HistoryEntry[]>;

  /**
   * Calls back when something changed for the pod (its address is there, it is its turn). A hint, never the only way:
   * callers also ask again by themselves. The returned function ends it.
   */
  onWake(podUid: string, wake: () => void): Promise<() => Promise<void>>;
  /**
   * Calls back with the machine (or "" for pools and queue) whenever a lease, attachment or queue changed; `due` where there is cloud
   * work on it that nobody is doing. A hint, too.
   */
  onChange(changed: (machine: string, due: boolean) => void): Promise<() => Promise<void>>;

  close(): Promise<void>;
}
