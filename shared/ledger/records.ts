import type { Machine } from "../clouds/port.ts";
import type { Pool } from "../pools/schema.ts";

/**
 * What a sidecar has to say of its pod beside the lease: it has no rights in Kubernetes, so the controller tells it.
 * `proceeding`: the app was started without its address. `unverified`: the address is there, and the pool's `verify` URL has
 * not seen it. `detail` is a sentence for people.
 */
export interface PodNote {
  readonly kind: "proceeding" | "unverified";
  readonly detail: string;
}

/** A row of the node directory: which machine stands behind a node name now. */
export interface NodeEntry {
  readonly name: string;
  readonly uid: string;
  readonly cloud: Pool["cloud"] | "other";
  readonly region: string;
  readonly machine: Machine;
  readonly ready: boolean;
}

/** Why a pod has to wait; `detail` is a sentence for people. */
export type WaitReason =
  | "pool-unknown"
  | "pool-not-allowed"
  | "node-unknown"
  | "node-other-cloud"
  | "node-other-pool"
  | "node-problem"
  | "attaching"
  | "detaching"
  | "exhausted"
  | "quota"
  | "ledger-doubtful";

export type AttachmentState = "attaching" | "attached" | "detaching" | "kept";

export interface Attachment {
  readonly machine: Machine;
  readonly node: string;
  readonly pool: string;
  readonly address: { readonly id: string; readonly ip: string };
  readonly state: AttachmentState;
  readonly fence: string;
  readonly sinceMs: number;
  readonly hadEphemeral: boolean;
  /** When the actor's right to work ends unless extended; 0 when nobody works. */
  readonly deadlineMs: number;
  /**
   * Without leases: when it is due to be detached. Of what is to be tried again: when what was asked of the cloud has come true or
   * never will; an attach that nobody wants any more is undone then. Else 0; an attach is undone `doubtMs` after the deadline then.
   */
  readonly lingerUntilMs: number;
  /** Until when what an attempt before the last one asked of the cloud may come true; 0 for nothing. It is not detached before. */
  readonly unsureUntilMs: number;
  /**
   * An attempt has left the node without any public address (NODE_WITHOUT_ADDRESS), or its actor has never settled and may have: the
   * attach is not given up before one is there.
   */
  readonly stranded: boolean;
  /**
   * The namespace that it counts for: whose pod reserved it, or took the first lease after it had none; when its last lease ends
   * and others are left, that of the oldest one. None for an adopted one that has had no lease yet.
   */
  readonly namespace?: string;
}

export interface Lease {
  readonly podUid: string;
  readonly pod: string;
  readonly serviceAccount: string;
  readonly pool: string;
  readonly node: string;
  readonly machine: string;
  readonly state: "held" | "draining";
  readonly sinceMs: number;
  readonly expiresAtMs: number;
  readonly note?: PodNote;
}

export interface Waiter {
  readonly podUid: string;
  readonly pod: string;
  readonly pool: string;
  readonly node: string;
  readonly sinceMs: number;
  /** When it last asked; one that has not asked for `waiterLifeMs` is forgotten. */
  readonly seenMs: number;
  readonly reason: WaitReason;
  readonly detail: string;
  readonly position: number;
  readonly note?: PodNote;
}

export interface PodLease {
  readonly lease?: Lease;
  readonly waiter?: Waiter;
  readonly ip: string | null;
}

/** `taken`: attached to something that is not ours; `out`: no longer in the pool, in use until its last lease ends. */
export interface LedgerAddress {
  readonly pool: string;
  readonly id: string;
  readonly ip: string;
  readonly state: "free" | "used" | "taken" | "out";
}

/** Everything, for inspection and metrics. One consistent moment, at `nowMs` of the ledger's clock. */
export interface Snapshot {
  readonly nowMs: number;
  readonly epoch: string;
  readonly pools: readonly Pool[];
  readonly nodes: readonly NodeEntry[];
  readonly addresses: readonly LedgerAddress[];
  readonly attachments: readonly Attachment[];
  readonly leases: readonly Lease[];
  readonly waiters: readonly Waiter[];
  readonly problems: readonly NodeProblem[];
}

/** Counts of each pool (of retired ones, too), and who waits: costs pools and waiters, not nodes and leases. */
export interface LedgerFigures {
  readonly nowMs: number;
  readonly epoch: string;
  readonly pools: readonly {
    readonly name: string;
    readonly addresses: Readonly<Record<LedgerAddress["state"], number>>;
    /** The first `holdersShown` in the pool's order, with how many leases each has. */
    readonly holders: readonly (Attachment & { readonly leases: number })[];
  }[];
  readonly waiters: readonly Waiter[];
}

/**
 * Something that befell an address. `attaching`, `detaching`: an actor has begun. `adopted`: found on a machine without a record.
 * `lost`: taken off the machine by somebody else. `failed`: the attach was given up, with its `code`. `leased`, `released`: by a pod.
 */
export interface HistoryEntry {
  /** Of the stream: later entries have greater ones, part by part. */
  readonly id: string;
  readonly atMs: number;
  readonly kind:
    | "attaching"
    | "attached"
    | "adopted"
    | "lost"
    | "failed"
    | "kept"
    | "detaching"
    | "detached"
    | "leased"
    | "released";
  readonly pool: string;
  readonly ip: string;
  readonly node: string;
  readonly machine: string;
  readonly pod?: string;
  readonly podUid?: string;
  readonly code?: string;
}

/** About so many entries of history are kept. */
export const historyLength = 10_000;

export interface NodeProblem {
  readonly machine: string;
  readonly code: string;
  readonly message: string;
  readonly untilMs: number;
  readonly count: number;
}

/** How many of a pool's holders figures name: enough to ask somebody, whatever the pool's size. */
export const holdersShown = 3;
