import { allows } from "../../pools/allow.ts";
import type { Acquisition, Claim } from "../port.ts";
import type { WaitReason } from "../records.ts";
import { isNoted, isRestored, trustedFromMs, workFromMs } from "./beat.ts";
import { noteHistory } from "./history.ts";
import type { AttachmentRecord, PodRecord, State } from "./records.ts";
import {
  addLease,
  anyPool,
  countLeases,
  endLease,
  dropLease,
  jobOf,
  markAddress,
  purgeWaiters,
  startWork,
} from "./state.ts";
import {
  atQuota,
  countFor,
  freeAddresses,
  isInTurn,
  joinQueue,
  namespaceOf,
  places,
  takeTurn,
  waiters,
  waitingNodes,
} from "./turns.ts";

/** As acquire.lua, rule by rule. */
export function acquire(
  state: State,
  now: number,
  claim: Claim,
  { leaseMs, mayWork, running = false }: { leaseMs: number; mayWork: readonly string[]; running?: boolean },
): Acquisition {
  if (!isNoted(state)) {
    const detail =
      "another Redis answers than the one that the controller has seen last: it has to look at this one first";
    const found = state.pools.get(claim.pool);
    return { status: "waiting", reason: "ledger-doubtful", detail, ...(found === undefined ? {} : { pool: found }) };
  }
  purgeWaiters(state, now);
  const row = state.nodes.get(claim.node);
  const node = claim.nodeUid === undefined || row?.uid === claim.nodeUid ? row : undefined;
  const machine = node?.machine.id ?? "";
  let known = state.pods.get(claim.podUid);
  const pod: PodRecord = {
    ...claim,
    machine,
    sinceMs: known?.sinceMs ?? now,
    state: "waiting",
    reason: "exhausted",
    detail: "",
    seenMs: now,
    queued: false,
  };
  const before = running ? known?.secretHash : undefined;
  if (before !== undefined) pod.secretHash ??= before;
  const moved = known !== undefined && (known.machine !== machine || known.pool !== claim.pool);
  if (known !== undefined && known.state !== "waiting" && moved && node !== undefined) {
    endLease(state, now, known);
    known = undefined;
  }
  const namespace = namespaceOf(pod);
  const holds = known !== undefined && known.state !== "waiting";
  const pool = state.pools.get(claim.pool) ?? (holds ? anyPool(state, claim.pool) : undefined);

  const wait = (reason: WaitReason, detail: string, queued = false): Acquisition => {
    if (known !== undefined && holds) {
      dropLease(state, known.machine, claim.podUid);
      const carrier = state.attachments.get(known.machine);
      if (carrier !== undefined) noteHistory(state, now, "released", carrier, { pod: known });
    }
    if (known?.reason !== reason || known.note?.kind !== pod.note?.kind) state.changed(machine);
    Object.assign(pod, { reason, detail, queued: false });
    state.pods.set(claim.podUid, pod);
    if (queued) joinQueue(state, pod);
    const position = isInTurn(pod) ? places(state, claim.pool).indexOf(claim.podUid) + 1 : 0;
    const waiting = waiters(state).filter((each) => each.pool === claim.pool && isInTurn(each)).length;
    const place = position === 0 ? {} : { position, waiting };
    return { status: "waiting", reason, detail, ...place, ...(pool === undefined ? {} : { pool }) };
  };

  const fromMs = trustedFromMs(state, running);
  const filling = (queued = false) =>
    wait("ledger-doubtful", "the ledger had lost data and was emptied: it is being filled from the cloud", queued);
  const restoring = () =>
    wait(
      "ledger-doubtful",
      "the ledger had lost data and was emptied: pods that run get their leases back first",
      true,
    );

  if (pool === undefined && now < fromMs) return filling();
  if (pool === undefined) return wait("pool-unknown", `there is no pool '${claim.pool}'`);
  if (!holds && !running && !allows(pool, claim.serviceAccount)) {
    return wait("pool-not-allowed", `pool '${pool.name}' does not allow the service account ${claim.serviceAccount}`);
  }
  if (node === undefined) {
    const detail = `node '${claim.node}' is not in the node directory yet`;
    // A lease ends by evidence, not by a missing row.
    return holds ? { status: "waiting", reason: "node-unknown", detail, pool } : wait("node-unknown", detail);
  }
  if (node.cloud !== pool.cloud) {
    return wait("node-other-cloud", `node ${node.name} is of cloud ${node.cloud}, the pool of ${pool.cloud}`);
  }

  if (!holds && (state.inventories.get(pool.name) ?? 0) < fromMs) return filling(true);
  if (!holds && !running && !isRestored(state)) return restoring();
  if (running && known !== undefined) state.wake(claim.podUid); // its sidecar asks, too

  const attaching: Acquisition = {
    status: "waiting",
    reason: "attaching",
    detail: "the address is being attached to the node",
    pool,
  };
  const attachment = state.attachments.get(machine);
  if (attachment !== undefined && attachment.pool !== pool.name) {
    if (attachment.state === "attached" && countLeases(state, machine) === 0) {
      attachment.lingerUntilMs = now;
      state.changed(machine);
    } else if (attachment.state !== "detaching") {
      return wait("node-other-pool", `node ${node.name} serves pool '${attachment.pool}'`);
    }
    return wait("detaching", `the address of pool '${attachment.pool}' is being taken off the node`, true);
  }
  if (attachment?.state === "detaching") {
    state.changed(machine);
    return wait("detaching", "the address that the node had is being taken off it", true);
  }
  if (attachment?.state === "attached" || attachment?.state === "kept") {
    Object.assign(attachment, { state: "attached", lingerUntilMs: 0 });
    if (countLeases(state, machine) === 0) countFor(state, attachment, namespace);
    addLease(state, now, pod, attachment, now + leaseMs);
    state.changed(machine);
    const { address, fence } = attachment;
    return { status: "attached", ip: address.ip, fence, pool, expiresAtMs: now + leaseMs };
  }
  if (attachment !== undefined) {
    if (countLeases(state, machine) === 0) countFor(state, attachment, namespace);
    addLease(state, now, pod, attachment, now + leaseMs);
    if (attachment.deadlineMs > now || !mayWork.includes(pool.cloud)) return attaching;
    startWork(state, now, attachment, "attaching");
    return { status: "work", job: jobOf(state, "attach", attachment) };
  }

  const problem = state.problems.get(machine);
  if (problem !== undefined && problem.untilMs > now)
    return wait("node-problem", `${problem.code}: ${problem.message}`);

  const full = running ? null : atQuota(state, pool.name, namespace);
  if (full !== null) return wait("quota", full, true);
  const free = freeAddresses(state, pool.name);
  const [address] = free;
  if (!running) joinQueue(state, pod);
  const ahead = running ? [] : waitingNodes(state, pool.name, free.length, pod);
  if (address === undefined || free.length <= ahead.length) {
    return wait("exhausted", `every address of pool '${pool.name}' is in use`, true);
  }
  markAddress(state, now, pool.name, address.id, "used");
  const reserved: AttachmentRecord = {
    machine: node.machine,
    node: node.name,
    pool: pool.name,
    address: { id: address.id, ip: address.ip },
    state: "attaching",
    fence: "",
    sinceMs: now,
    hadEphemeral: false,
    deadlineMs: workFromMs(state, now),
    lingerUntilMs: 0,
    unsureUntilMs: 0,
    stranded: false,
  };
  state.attachments.set(machine, reserved);
  addLease(state, now, pod, reserved, now + leaseMs);
  countFor(state, reserved, namespace);
  takeTurn(state, now, pool.name, namespace);
  state.changed(machine);
  if (reserved.deadlineMs > now || !mayWork.includes(pool.cloud)) return attaching;
  startWork(state, now, reserved, "attaching");
  return { status: "work", job: jobOf(state, "attach", reserved) };
}
