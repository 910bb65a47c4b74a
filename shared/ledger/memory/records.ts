import type { Pool } from "../../pools/schema.ts";
import type { DoubtSign } from "../beat.ts";
import type { Attachment, HistoryEntry, LedgerAddress, NodeEntry, PodNote, WaitReason } from "../records.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface PodRecord {
  podUid: string;
  pod: string;
  serviceAccount: string;
  node: string;
  pool: string;
  machine: string;
  sinceMs: number;
  state: "held" | "draining" | "waiting";
  reason: WaitReason;
  detail: string;
  note?: PodNote;
  secretHash?: string;
  /** Of a waiter: when it last asked, and whether it queues for an address (with the reason `quota`: not in its turn). */
  seenMs: number;
  queued: boolean;
}

export interface AddressRecord {
  id: string;
  ip: string;
  state: LedgerAddress["state"];
  rank: number;
  changedMs: number;
}

export type AttachmentRecord = Mutable<Attachment>;

export interface ProblemRecord {
  code: string;
  message: string;
  untilMs: number;
  count: number;
}

/** The hash `beat`; `server` is "" before the first one. */
export interface BeatRecord {
  sequence: number;
  atMs: number;
  server: string;
  term: number;
  doubtSinceMs: number;
  doubtUntilMs: number;
  emptiedMs: number;
  /** The epoch that has the leases of all running pods again; "" for none. */
  restored: string;
  version: number;
  signs: readonly DoubtSign[];
}

/** The same records as docs/ledger.md describes for Redis, as maps. */
export interface Records {
  epoch: string;
  beat: BeatRecord;
  fences: number;
  pools: Map<string, Pool>;
  retired: Map<string, Pool>;
  nodes: Map<string, NodeEntry>;
  /** Machine id to node name. */
  machines: Map<string, string>;
  addresses: Map<string, Map<string, AddressRecord>>;
  attachments: Map<string, AttachmentRecord>;
  /** Machine id to pod UID to expiry. */
  leases: Map<string, Map<string, number>>;
  pods: Map<string, PodRecord>;
  problems: Map<string, ProblemRecord>;
  /** Machine id to when it changed, until the controller has asked for it. */
  changes: Map<string, number>;
  /** Pool to when its last inventory was read. */
  inventories: Map<string, number>;
  /** Pool to namespace to since when it waits for its next turn; of namespaces with queued pods alone. */
  turns: Map<string, Map<string, number>>;
  history: HistoryEntry[];
}

/** The records, and the steps that several commands share (lib.lua). */
export interface State extends Records {
  /** What a Redis calls its run id. */
  server: string;
  wake(podUid: string): void;
  changed(machine: string): void;
}

export function emptyRecords(): Records {
  return {
    epoch: "",
    beat: {
      sequence: 0,
      atMs: 0,
      server: "",
      term: 0,
      doubtSinceMs: 0,
      doubtUntilMs: 0,
      emptiedMs: 0,
      restored: "",
      version: 1,
      signs: [],
    },
    fences: 0,
    pools: new Map(),
    retired: new Map(),
    nodes: new Map(),
    machines: new Map(),
    addresses: new Map(),
    attachments: new Map(),
    leases: new Map(),
    pods: new Map(),
    problems: new Map(),
    changes: new Map(),
    inventories: new Map(),
    turns: new Map(),
    history: [],
  };
}
