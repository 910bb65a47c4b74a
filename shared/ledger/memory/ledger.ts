import { EventEmitter } from "node:events";
import { type Clock, systemClock } from "../../clock.ts";
import type { Ledger } from "../port.ts";
import { drainMarginMs, workMs } from "../times.ts";
import { acquire } from "./acquire.ts";
import { beat, isNoted, mayDetach, refuseNewer, refuseOlder } from "./beat.ts";
import { due, figures, look, podLease, snapshot } from "./due.ts";
import { history } from "./history.ts";
import { missed, putInventory, putPools } from "./inventory.ts";
import { pace } from "./pace.ts";
import { emptyRecords, type Records, type State } from "./records.ts";
import { settle } from "./settle.ts";
import { anyPool, checkSecret, endLease, endLeases, jobOf, nextWork, startWork, wakeWaiters } from "./state.ts";
import { forgetTurns, wakeQueue } from "./turns.ts";

/** What befalls a Redis can befall this ledger, too. */
export interface MemoryLedger extends Ledger {
  /** A copy of all records, as a dump of Redis' data. */
  dump(): Records;
  /** Goes on with the dump, or with nothing: a flush. `server`: as another Redis process, of this run id. */
  restore(records?: Records, server?: string): void;
}

/**
 * The ledger in this process's memory, with the same rules as Redis' Lua (one conformance suite runs against both): for
 * trying things out, for tests, and for simulations, which bring their own clock.
 */
export function createMemoryLedger(options: { clock?: Clock } = {}): MemoryLedger {
  const clock = options.clock ?? systemClock;
  const events = new EventEmitter().setMaxListeners(0);
  // Hints are delivered after the command has ended, as a subscriber of Redis would hear them.
  const state: State = {
    ...emptyRecords(),
    server: "memory-1",
    wake: (podUid) => queueMicrotask(() => events.emit(`wake:${podUid}`)),
    changed(machine) {
      if (machine !== "") state.changes.set(machine, clock());
      queueMicrotask(() => events.emit("changed", machine, isDue(machine)));
    },
  };

  function isDue(machine: string): boolean {
    const attachment = state.attachments.get(machine);
    const work = attachment === undefined ? null : nextWork(state, attachment);
    return work !== null && work.atMs <= clock();
  }

  async function subscribe(
    name: string,
    listener: (value: string, due: boolean) => void,
  ): Promise<() => Promise<void>> {
    events.on(name, listener);
    return async () => {
      events.off(name, listener);
    };
  }

  const line = new Map<string, number>();

  const inTerm = (term: number | null): Ledger => {
    const command =
      <A extends unknown[], R>(run: (now: number, ...args: A) => R) =>
      async (...args: A): Promise<R> => {
        refuseNewer(state);
        if (term !== null) refuseOlder(state, term);
        const answer = run(clock(), ...args);
        forgetTurns(state);
        return answer;
      };

    return {
      acquire: command((now, claim, how) => acquire(state, now, claim, how)),

      renew: command((now, podUid, leaseMs, note, secretHash) => {
        const pod = state.pods.get(podUid);
        const leases = pod === undefined ? undefined : state.leases.get(pod.machine);
        let expiresAtMs = leases?.get(podUid);
        if (pod === undefined || leases === undefined || expiresAtMs === undefined || pod.state === "waiting") {
          return { status: "unknown" };
        }
        if (secretHash !== undefined && pod.secretHash === undefined) return { status: "unknown" };
        checkSecret(pod, secretHash);
        const late = expiresAtMs < now;
        if (pod.state === "held") {
          expiresAtMs = now + leaseMs;
          leases.set(podUid, expiresAtMs);
        }
        if (note !== undefined && (note?.kind !== pod.note?.kind || note?.detail !== pod.note?.detail)) {
          if (note === null) delete pod.note;
          else pod.note = note;
          state.changed(pod.machine);
        }
        const attachment = state.attachments.get(pod.machine);
        const ip = attachment?.state === "attached" ? attachment.address.ip : null;
        return { status: "renewed", ip, expiresAtMs, late };
      }),

      drain: command((now, podUid, { leaseMs, graceMs, secretHash }) => {
        const pod = state.pods.get(podUid);
        if (pod === undefined || pod.state === "waiting") return;
        checkSecret(pod, secretHash);
        pod.state = "draining";
        state.leases.get(pod.machine)?.set(podUid, now + Math.max(leaseMs, graceMs + drainMarginMs));
        state.changed(pod.machine);
      }),

      release: command((now, podUid, { mayWork, expiredAtMs, secretHash }) => {
        const pod = state.pods.get(podUid);
        if (pod === undefined) return { status: "unknown" };
        checkSecret(pod, secretHash);
        const endsMs = state.leases.get(pod.machine)?.get(podUid);
        if (expiredAtMs !== undefined && endsMs !== expiredAtMs) return { status: "unknown" };
        if (pod.state === "waiting") {
          state.pods.delete(podUid);
          wakeQueue(state, pod.pool);
          return { status: "released", last: false };
        }
        const attachment = endLease(state, now, pod);
        if (attachment === undefined) return { status: "released", last: false };
        const cloud = anyPool(state, attachment.pool)?.cloud ?? "";
        const held =
          (nextWork(state, attachment)?.atMs ?? 0) > now || !isNoted(state) || !mayDetach(state, now, attachment.pool);
        if (held || !mayWork.includes(cloud)) return { status: "released", last: true };
        startWork(state, now, attachment, "detaching");
        return { status: "released", last: true, job: jobOf(state, "detach", attachment) };
      }),

      begin: command((now, machine) => {
        const attachment = state.attachments.get(machine);
        const next = attachment === undefined ? null : nextWork(state, attachment);
        if (attachment === undefined || next === null || next.atMs > now || !isNoted(state)) return null;
        const { kind } = next;
        if (kind === "detach" && !mayDetach(state, now, attachment.pool)) return null;
        startWork(state, now, attachment, kind === "attach" ? "attaching" : "detaching");
        return jobOf(state, kind, attachment);
      }),

      extend: command((now, machine, fence) => {
        const attachment = state.attachments.get(machine);
        if (attachment?.fence !== fence || !isNoted(state)) return false;
        attachment.deadlineMs = now + workMs;
        return true;
      }),

      settle: command((now, machine, fence, settlement) => {
        const attachment = state.attachments.get(machine);
        if (attachment?.fence !== fence) return false;
        if (attachment.state !== "attaching" && attachment.state !== "detaching") return false;
        settle(state, now, attachment, settlement);
        state.changed(machine);
        return true;
      }),

      pace: command((now, bucket, limits, wanted) => pace(line, now, bucket, limits, wanted, 0)),
      penalize: command((now, bucket, limits, pauseMs) => {
        pace(line, now, bucket, limits, 0, Math.round(pauseMs));
      }),

      putPools: command((_, pools) => {
        const refused = putPools(state, pools);
        wakeWaiters(state, () => true);
        state.changed("");
        return refused;
      }),

      putNode: command((now, node) => {
        const before = state.nodes.get(node.name);
        const moved = before?.machine.id !== node.machine.id;
        state.nodes.set(node.name, node);
        state.machines.set(node.machine.id, node.name);
        if (before !== undefined && moved) {
          state.machines.delete(before.machine.id);
          endLeases(state, now, before.machine.id);
          state.changed(before.machine.id);
        }
        if (moved) {
          state.changed(node.machine.id);
          wakeWaiters(state, (pod) => pod.node === node.name);
        }
      }),

      removeNode: command((now, name) => {
        const node = state.nodes.get(name);
        if (node === undefined) return;
        const machine = node.machine.id;
        state.nodes.delete(name);
        state.machines.delete(machine);
        state.problems.delete(machine);
        endLeases(state, now, machine);
        const attachment = state.attachments.get(machine);
        if (attachment?.state === "attached") attachment.lingerUntilMs = now;
        state.changed(machine);
      }),

      endLeases: command((now, machine) => endLeases(state, now, machine)),
      putInventory: command((now, pool, rows, readAtMs) => putInventory(state, now, pool, rows, readAtMs)),
      missed: command((now, machine, id, readAtMs) => missed(state, now, machine, id, readAtMs)),

      beat: async (mirror, restored) => {
        refuseNewer(state);
        // Without a mirror the Lease is a new one: its count of terms begins anew.
        if (term !== null && mirror !== null) refuseOlder(state, term);
        return beat(state, clock(), mirror, term, mirror === null ? undefined : restored);
      },
      inTerm,

      now: command((now) => now),
      due: command((now, changedSinceMs) => due(state, now, changedSinceMs)),
      lease: command((_now, podUid) => podLease(state, podUid)),
      look: command((now, machine) => look(state, now, machine)),
      figures: command((now) => figures(state, now)),
      snapshot: command((now) => snapshot(state, now)),
      history: command((_now, after, most) => history(state, after, most)),

      onWake: (podUid, wake) => subscribe(`wake:${podUid}`, wake),
      onChange: (changed) => subscribe("changed", changed),
      close: async () => {
        events.removeAllListeners();
      },
    };
  };

  return {
    ...inTerm(null),
    dump: () => copy(state),
    restore(records = emptyRecords(), server = state.server) {
      Object.assign(state, copy(records), { server });
    },
  };
}

/** The records alone, sharing nothing. */
function copy(from: Records): Records {
  const { history: entries, ...empty } = { ...emptyRecords(), history: [...from.history] };
  const names = Object.keys(empty) as (keyof typeof empty)[];
  const copied = structuredClone(Object.fromEntries(names.map((name) => [name, from[name]])));
  return { ...(copied as unknown as typeof empty), history: entries }; // nobody changes an entry
}
