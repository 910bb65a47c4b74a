import type { Due, Lease, Snapshot } from "../port.ts";
import { mayDetach } from "./beat.ts";
import { nextWork, purgeWaiters, queue, waiters, type AttachmentRecord, type State } from "./state.ts";

/** Whether somebody should work on the attachment now, or from when on (0: not by time alone). */
function workDue(state: State, now: number, attachment: AttachmentRecord): boolean | number {
  const next = nextWork(state, attachment);
  if (next === null) return 0;
  if (next.atMs > now) return next.atMs;
  return next.kind === "attach" || mayDetach(state, now, attachment.pool) || state.beat.doubtUntilMs;
}

/** As due.lua. */
export function due(state: State, now: number): Due {
  purgeWaiters(state, now);
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
        },
      ];
    }),
  );
}

/** As snapshot.lua. */
export function snapshot(state: State, now: number): Snapshot {
  return structuredClone({
    nowMs: now,
    epoch: state.epoch,
    pools: [...state.pools.values()],
    nodes: [...state.nodes.values()],
    addresses: [...state.addresses].flatMap(([pool, rows]) =>
      [...rows.values()].map(({ id, ip, state: is }) => ({ pool, id, ip, state: is })),
    ),
    attachments: [...state.attachments.values()],
    leases: leases(state),
    waiters: waiters(state).map((pod) => ({
      podUid: pod.podUid,
      pod: pod.pod,
      pool: pod.pool,
      node: pod.node,
      sinceMs: pod.sinceMs,
      seenMs: pod.seenMs,
      reason: pod.reason,
      detail: pod.detail,
      position: pod.queued ? queue(state, pod.pool).indexOf(pod) + 1 : 0,
    })),
    problems: [...state.problems].map(([machine, problem]) => ({ machine, ...problem })),
  });
}
