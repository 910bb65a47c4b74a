import type { Settlement } from "../port.ts";
import { doubtMs } from "../times.ts";
import { noteHistory } from "./history.ts";
import type { AttachmentRecord, State } from "./records.ts";
import { countLeases, dropAttachment, freeAddress, lingerUntil, markAddress, podsOn, wakeWaiters } from "./state.ts";
import { joinQueue } from "./turns.ts";

/** As settle.lua. The caller has held the fence against the attachment's. */
export function settle(state: State, now: number, attachment: AttachmentRecord, settlement: Settlement): void {
  const machine = attachment.machine.id;
  const { pool, address } = attachment;
  const wakeNode = () => wakeWaiters(state, (pod) => pod.machine === machine);
  const tryAgain = (afterMs: number): void => {
    attachment.deadlineMs = now + afterMs;
    attachment.lingerUntilMs = now + doubtMs;
  };
  attachment.deadlineMs = 0;
  attachment.lingerUntilMs = 0;
  switch (settlement.outcome) {
    case "attached":
      attachment.state = "attached";
      attachment.stranded = false;
      attachment.sinceMs = now;
      attachment.hadEphemeral ||= settlement.hadEphemeral;
      if (countLeases(state, machine) === 0) attachment.lingerUntilMs = lingerUntil(state, now, attachment);
      markAddress(state, now, pool, address.id, "used");
      state.problems.delete(machine);
      noteHistory(state, now, "attached", attachment);
      for (const podUid of podsOn(state, machine)) state.wake(podUid);
      return;
    case "kept":
      attachment.state = "kept";
      attachment.sinceMs = now;
      noteHistory(state, now, "kept", attachment);
      wakeNode();
      return;
    case "detached":
    case "absent":
      dropAttachment(state, attachment);
      noteHistory(state, now, "detached", attachment);
      freeAddress(state, now, pool, address.id);
      wakeNode();
      return;
    case "failed":
      if (isGivenUp(attachment, settlement, now)) failed(state, now, attachment, settlement);
      else tryAgain(15_000);
      return;
    case "retry":
      attachment.stranded ||= settlement.code === "NODE_WITHOUT_ADDRESS";
      tryAgain(settlement.retryAfterMs);
  }
}

type Failed = Extract<Settlement, { outcome: "failed" }>;

/** Of a node that is gone, or that the attempt has seen to stand as it is meant to without us. */
const hasAWayOut: ReadonlySet<string> = new Set(["NODE_UNKNOWN", "NODE_FOREIGN_ADDRESS", "NODE_PRIVATE"]);

/**
 * A detach that failed is never taken for done, nor may an address go whose attach may come true yet, nor a node be forgotten
 * that an attempt has left without a way out, or may have: unless it has one, or another address may do better.
 */
function isGivenUp(
  { state, unsureUntilMs, stranded }: AttachmentRecord,
  { code, addressAtFault }: Failed,
  now: number,
) {
  if (state !== "attaching" || unsureUntilMs > now) return false;
  return !stranded || addressAtFault || hasAWayOut.has(code);
}

function failed(state: State, now: number, attachment: AttachmentRecord, settlement: Failed): void {
  const machine = attachment.machine.id;
  dropAttachment(state, attachment);
  noteHistory(state, now, "failed", attachment, { code: settlement.code });
  if (settlement.addressAtFault) {
    markAddress(state, now, attachment.pool, attachment.address.id, "taken");
  } else {
    const count = (state.problems.get(machine)?.count ?? 0) + 1;
    const untilMs = now + Math.min(300_000, 2500 * 2 ** Math.min(count, 7));
    state.problems.set(machine, { code: settlement.code, message: settlement.message, untilMs, count });
    freeAddress(state, now, attachment.pool, attachment.address.id);
  }
  for (const podUid of podsOn(state, machine)) {
    const pod = state.pods.get(podUid);
    if (pod !== undefined) noteHistory(state, now, "released", attachment, { pod });
    if (pod?.state !== "held") {
      state.pods.delete(podUid);
      continue;
    }
    Object.assign(pod, {
      state: "waiting",
      reason: "exhausted",
      detail: `the attach failed: ${settlement.message}`,
      seenMs: now,
    });
    joinQueue(state, pod);
    state.wake(podUid);
  }
  state.leases.delete(machine);
}
