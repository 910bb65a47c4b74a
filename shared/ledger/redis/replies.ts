import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import type { Beat, DoubtSign } from "../beat.ts";
import type { Acquisition, Due, Job, Release, Renewal, Repairs } from "../port.ts";
import type {
  Attachment,
  HistoryEntry,
  Lease,
  LedgerAddress,
  LedgerFigures,
  NodeEntry,
  PodLease,
  PodNote,
  NodeProblem,
  Snapshot,
  Waiter,
  WaitReason,
} from "../records.ts";
import type { Reply } from "./commands.ts";

/** What the Lua commands answer, turned into the port's words. A shape that no command answers is LEDGER_REPLY. */

function unexpected(command: string, reply: unknown): EgressError {
  return new EgressError("LEDGER_REPLY", `the ledger answered ${command} with ${JSON.stringify(reply).slice(0, 200)}`);
}

function list(command: string, reply: Reply | undefined): Reply[] {
  if (!Array.isArray(reply)) throw unexpected(command, reply);
  return reply;
}

/** A record as the commands wrote it; a hand that spoilt it is told which text it left. */
function parse<T extends object>(text: Reply | undefined): T {
  let record: unknown;
  try {
    record = JSON.parse(String(text));
  } catch (error) {
    throw new EgressError("LEDGER_REPLY", `a record is no JSON: ${String(text).slice(0, 200)}`, { cause: error });
  }
  if (typeof record !== "object" || record === null)
    throw new EgressError("LEDGER_REPLY", `a record is no object: ${String(text).slice(0, 200)}`);
  return record as T;
}

function tuples(command: string, reply: Reply | undefined, width: number): Reply[][] {
  const flat = list(command, reply);
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
}

export function toPlaces(reply: Reply): { places: number; waitMs: number } {
  const [places, waitMs] = list("pace", reply);
  return { places: Number(places), waitMs: Number(waitMs) };
}

export function toJob(text: Reply | undefined, poolText: Reply | undefined): Job {
  const { nodeGone, ...job } = parse<Omit<Job, "pool"> & { nodeGone: boolean }>(text);
  const pool = parse<Pool>(poolText);
  // A machine that is gone needs no way out: its address is taken back whatever the pool says for living nodes.
  return {
    ...job,
    pool: nodeGone && pool.onRelease === "keepUntilNodeGone" ? { ...pool, onRelease: "release" } : pool,
  };
}

export function toAcquisition(reply: Reply): Acquisition {
  const [status, ...rest] = list("acquire", reply);
  switch (status) {
    case "attached": {
      const [ip, fence, expires, pool] = rest;
      return {
        status,
        ip: String(ip),
        fence: String(fence),
        expiresAtMs: Number(expires),
        pool: parse<Pool>(pool),
      };
    }
    case "work":
      return { status, job: toJob(rest[0], rest[1]) };
    case "waiting": {
      const [reason, detail, position, waiting, pool] = rest;
      return {
        status,
        reason: String(reason) as WaitReason,
        detail: String(detail),
        ...(position === 0 ? {} : { position: Number(position), waiting: Number(waiting) }),
        ...(pool === "" ? {} : { pool: parse<Pool>(pool) }),
      };
    }
    default:
      throw unexpected("acquire", reply);
  }
}

export function toRenewal(reply: Reply): Renewal {
  const [status, ip, expires, late] = list("renew", reply);
  if (status === "unknown") return { status };
  if (status !== "renewed") throw unexpected("renew", reply);
  return { status, ip: ip === "" ? null : String(ip), expiresAtMs: Number(expires), late: late === 1 };
}

export function toRelease(reply: Reply): Release {
  const [status, last, job, pool] = list("release", reply);
  if (status === "unknown") return { status };
  if (status !== "released") throw unexpected("release", reply);
  return { status, last: last === 1, ...(job === undefined ? {} : { job: toJob(job, pool) }) };
}

export function toBeat(reply: Reply): Beat {
  const [epoch, sequence, doubtUntil, signs] = list("beat", reply);
  return {
    epoch: String(epoch),
    sequence: Number(sequence),
    doubtUntilMs: Number(doubtUntil),
    signs: list("beat", signs).map((sign) => String(sign) as DoubtSign),
  };
}

interface PodText {
  pod: string;
  account: string;
  node: string;
  pool: string;
  machine: string;
  since: number;
  state: "held" | "draining" | "waiting";
  reason?: WaitReason;
  detail?: string;
  note?: PodNote["kind"];
  noteDetail?: string;
}

function noteOf({ note, noteDetail = "" }: PodText): { note?: PodNote } {
  return note === undefined ? {} : { note: { kind: note, detail: noteDetail } };
}

function toLease([podUid, expires, text]: Reply[]): Lease {
  const pod = parse<PodText>(text);
  return {
    podUid: String(podUid),
    pod: pod.pod,
    serviceAccount: pod.account,
    pool: pod.pool,
    node: pod.node,
    machine: pod.machine,
    state: pod.state === "draining" ? "draining" : "held",
    sinceMs: pod.since,
    expiresAtMs: Number(expires),
    ...noteOf(pod),
  };
}

function toWaiter([podUid, seen, position, text]: Reply[]): Waiter {
  const pod = parse<PodText>(text);
  return {
    podUid: String(podUid),
    pod: pod.pod,
    pool: pod.pool,
    node: pod.node,
    sinceMs: pod.since,
    seenMs: Number(seen),
    reason: pod.reason ?? "exhausted",
    detail: pod.detail ?? "",
    position: Number(position),
    ...noteOf(pod),
  };
}

export function toPodLease(reply: Reply): PodLease {
  const [lease, waiter, ip] = list("lease", reply).map((part) => (Array.isArray(part) ? part : [String(part)]));
  return {
    ...(lease !== undefined && lease.length > 0 && { lease: toLease(lease) }),
    ...(waiter !== undefined && waiter.length > 0 && { waiter: toWaiter(waiter) }),
    ip: ip?.[0] === "" ? null : String(ip?.[0]),
  };
}

interface AttachmentText extends Omit<Attachment, "machine" | "address" | "stranded"> {
  machine: string;
  providerId: string;
  id: string;
  ip: string;
  lingerUntil: number;
  /** Not there where an older version wrote it. */
  unsureUntil?: number;
  stranded?: boolean;
  deadline: number;
  since: number;
}

function toAttachment(text: Reply): Attachment {
  const row = parse<AttachmentText>(text);
  return {
    machine: { id: row.machine, providerId: row.providerId },
    node: row.node,
    pool: row.pool,
    address: { id: row.id, ip: row.ip },
    state: row.state,
    fence: row.fence,
    sinceMs: row.since,
    hadEphemeral: row.hadEphemeral,
    deadlineMs: row.deadline,
    lingerUntilMs: row.lingerUntil,
    unsureUntilMs: row.unsureUntil ?? 0,
    stranded: row.stranded ?? false,
    ...(row.namespace === undefined ? {} : { namespace: row.namespace }),
  };
}

export function toDue(reply: Reply): Due {
  const [now, epoch, next, machines, expired, changed] = list("due", reply);
  return {
    nowMs: Number(now),
    epoch: String(epoch),
    nextMs: next === 0 ? null : Number(next),
    machines: list("due", machines).map(String),
    expired: tuples("due", expired, 3).map(toLease),
    changed: list("due", changed).map(String),
  };
}

export function toRepairs(reply: Reply): Repairs {
  const [adopted, lost, out] = list("putInventory", reply);
  return {
    adopted: Number(adopted),
    lost: Number(lost),
    out: list("putInventory", out)
      .map(toAttachment)
      .map(({ machine, address }) => ({ machine, address })),
  };
}

export function toFigures(reply: Reply): LedgerFigures {
  const [now, epoch, pools, waiters] = list("figures", reply);
  return {
    nowMs: Number(now),
    epoch: String(epoch),
    pools: tuples("figures", pools, 6).map(([pool, free, used, taken, out, holders]) => ({
      name: String(pool),
      addresses: { free: Number(free), used: Number(used), taken: Number(taken), out: Number(out) },
      holders: tuples("figures", holders, 2).map(([text, leases]) => ({
        ...toAttachment(text ?? null),
        leases: Number(leases),
      })),
    })),
    waiters: tuples("figures", waiters, 4).map(toWaiter),
  };
}

export function toHistory(reply: Reply): HistoryEntry[] {
  return list("history", reply).map((entry) => {
    const [id, flat] = list("history", entry);
    const fields = new Map(tuples("history", flat, 2).map(([name, value]) => [String(name), String(value)]));
    const field = (name: string) => fields.get(name) ?? "";
    const [pod, podUid, code] = [fields.get("pod"), fields.get("uid"), fields.get("code")];
    return {
      id: String(id),
      atMs: Number(field("at")),
      kind: field("kind") as HistoryEntry["kind"],
      pool: field("pool"),
      ip: field("ip"),
      node: field("node"),
      machine: field("machine"),
      ...(pod !== undefined && podUid !== undefined && { pod, podUid }),
      ...(code !== undefined && { code }),
    };
  });
}

export function toSnapshot(reply: Reply): Snapshot {
  const [now, epoch, pools, nodes, addresses, attachments, leases, waiters, problems] = list("snapshot", reply);
  return {
    nowMs: Number(now),
    epoch: String(epoch),
    pools: list("snapshot", pools).map((text) => parse<Pool>(text)),
    nodes: list("snapshot", nodes).map((text) => parse<NodeEntry>(text)),
    addresses: tuples("snapshot", addresses, 3).map(([pool, id, text]) => {
      const { ip, state } = parse<Pick<LedgerAddress, "ip" | "state">>(text);
      return { pool: String(pool), id: String(id), ip, state };
    }),
    attachments: list("snapshot", attachments).map(toAttachment),
    leases: tuples("snapshot", leases, 3).map(toLease),
    waiters: tuples("snapshot", waiters, 4).map(toWaiter),
    problems: toProblems(problems),
  };
}

/** HGETALL: a flat list over RESP2, a map over RESP3 that ioredis hands out as an object. */
function toProblems(reply: Reply | undefined): NodeProblem[] {
  return tuples("snapshot", reply, 2).map(([machine, text]) => {
    const { code, message, until, count } = parse<Omit<NodeProblem, "untilMs"> & { until: number }>(text);
    return { machine: String(machine), code, message, untilMs: until, count };
  });
}
