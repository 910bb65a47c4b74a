import type { Due } from "../port.ts";
import type { Lease, LedgerAddress, LedgerFigures, PodLease, Snapshot, Waiter } from "../records.ts";
import { holdersShown } from "../records.ts";
import { mayDetach } from "./beat.ts";
import type { AttachmentRecord, State } from "./records.ts";
import { countLeases, nextWork, purgeWaiters } from "./state.ts";
import { places, waiters } from "./turns.ts";

/** Whether somebody should work on the attachment now, or from when on (0: not by time alone). */
function workDue(state: State, now: number, attachment: AttachmentRecord): boolean | number {
  const next = nextWork(state, attachment);
  if (next === null) return 0;
  if (next.atMs > now) return next.atMs;
  return next.kind === "attach" || mayDetach(state, now, attachment.pool) || state.beat.doubtUntilMs;
}

/** As due.lua, but for the indices: it reads everything, and so says what they should. */
export function due(state: State, now: number, changedSinceMs?: number): Due {
  purgeWaiters(state, now);
  for (const [machine, atMs] of state.changes) {
    if (changedSinceMs !== undefined && atMs < changedSinceMs) state.changes.delete(machine);
  }
  const attachments = [...state.attachments.values()];
  const works = attachments.map((attachment) => ({ attachment, when: workDue(state, now, attachment) }));
  const held = leases(state);
  const later = [
    ...works.map(({ when }) => (typeof when === "number" ? when : 0)),
    ...held.map(({ expiresAtMs }) => expiresAtMs),
  ].filter((at) => at > now);
  return {
    nowMs: now,
    epoch: state.epoch,
    machines: works.filter(({ when }) => when === true).map(({ attachment }) => attachment.machine.id),
    expired: held.filter(({ expiresAtMs }) => expiresAtMs <= now),
    changed: changedSinceMs === undefined ? [] : [...state.changes.keys()],
    nextMs: later.length === 0 ? null : Math.min(...later),
  };
}

function leases(state: State): Lease[] {
  return [...state.leases].flatMap(([machine, expiries]) =>
    [...expiries].flatMap(([podUid, expiresAtMs]) => {
      const pod = state.pods.get(podUid);
      if (pod === undefined || pod.state === "waiting") return [];
      return [
        {
          podUid,
          pod: pod.pod,
          serviceAccount: pod.serviceAccount,
          pool: pod.pool,
          node: pod.node,
          machine,
          state: pod.state,
          sinceMs: pod.sinceMs,
          expiresAtMs,
          ...(pod.note === undefined ? {} : { note: pod.note }),
        },
      ];
    }),
  );
}

function allWaiters(state: State): Waiter[] {
  const pools = new Set([...state.pods.values()].map(({ pool }) => pool));
  const place = new Map([...pools].flatMap((pool) => places(state, pool).map((podUid, index) => [podUid, index + 1])));
  return waiters(state).map((pod) => ({
    podUid: pod.podUid,
    pod: pod.pod,
    pool: pod.pool,
    node: pod.node,
    sinceMs: pod.sinceMs,
    seenMs: pod.seenMs,
    reason: pod.reason,
    detail: pod.detail,
    position: place.get(pod.podUid) ?? 0,
    ...(pod.note === undefined ? {} : { note: pod.note }),
  }));
}

/** As figures.lua. */
export function figures(state: State, now: number): LedgerFigures {
  const pools = [...state.pools.keys(), ...state.retired.keys()].map((name) => {
    const rows = [...(state.addresses.get(name)?.values() ?? [])].toSorted(
      (a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1),
    );
    const count = (wanted: LedgerAddress["state"]) => rows.filter(({ state: is }) => is === wanted).length;
    const used = rows.filter(({ state: is }) => is === "used").slice(0, holdersShown);
    const all = [...state.attachments.values()];
    return {
      name,
      addresses: { free: count("free"), used: count("used"), taken: count("taken"), out: count("out") },
      holders: used.flatMap(({ id }) =>
        all
          .filter(({ address }) => address.id === id)
          .map((attachment) => ({ ...attachment, leases: countLeases(state, attachment.machine.id) })),
      ),
    };
  });
  return structuredClone({ nowMs: now, epoch: state.epoch, pools, waiters: allWaiters(state) });
}

/** As lease.lua. */
export function podLease(state: State, podUid: string): PodLease {
  const lease = leases(state).find((each) => each.podUid === podUid);
  const waiter = allWaiters(state).find((each) => each.podUid === podUid);
  const attachment = state.attachments.get(lease?.machine ?? "");
  const ip = attachment?.state === "attached" ? attachment.address.ip : null;
  return structuredClone({ ...(lease && { lease }), ...(waiter && { waiter }), ip });
}

/** As snapshot.lua of one machine. */
export function look(state: State, now: number, machine: string): Snapshot {
  const all = records(state, now);
  const attachments = all.attachments.filter((attachment) => attachment.machine.id === machine);
  const name = state.machines.get(machine) ?? attachments[0]?.node;
  return structuredClone({
    ...all,
    pools: [],
    addresses: [],
    nodes: all.nodes.filter((node) => node.name === state.machines.get(machine)),
    attachments,
    leases: all.leases.filter((lease) => lease.machine === machine),
    waiters: all.waiters.filter(({ node }) => node === name),
    problems: all.problems.filter((problem) => problem.machine === machine),
  });
}

/** As snapshot.lua. */
export const snapshot = (state: State, now: number): Snapshot => structuredClone(records(state, now));

/** What a snapshot shows, shared with the state. */
function records(state: State, now: number): Snapshot {
  return {
    nowMs: now,
    epoch: state.epoch,
    pools: [...state.pools.values()],
    nodes: [...state.nodes.values()],
    addresses: [...state.addresses].flatMap(([pool, rows]) =>
      [...rows.values()].map(({ id, ip, state: is }) => ({ pool, id, ip, state: is })),
    ),
    attachments: [...state.attachments.values()],
    leases: leases(state),
    waiters: allWaiters(state),
    problems: [...state.problems].map(([machine, problem]) => ({ machine, ...problem })),
  };
}
