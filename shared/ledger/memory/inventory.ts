import type { CloudAddress } from "../../clouds/port.ts";
import type { Pool } from "../../pools/schema.ts";
import type { Repairs } from "../port.ts";
import { inventorySettleMs } from "../times.ts";
import { isNoted, trustedFromMs, workFromMs } from "./beat.ts";
import { noteHistory } from "./history.ts";
import type { AddressRecord, AttachmentRecord, State } from "./records.ts";
import { countLeases, dropAttachment, lingerUntil, markAddress, newFence, wakeWaiters } from "./state.ts";
import { wakeQueue } from "./turns.ts";

/** As put-pools.lua. */
export function putPools(state: State, pools: readonly Pool[]): string[] {
  const inUse = new Set([...state.attachments.values()].map(({ pool }) => pool));
  const refused: string[] = [];
  for (const pool of pools) {
    const was = state.pools.get(pool.name) ?? state.retired.get(pool.name);
    const moved =
      was !== undefined && (was.cloud !== pool.cloud || was.region !== pool.region || was.project !== pool.project);
    if (moved && inUse.has(pool.name)) {
      refused.push(pool.name);
      continue;
    }
    state.pools.set(pool.name, pool);
    state.retired.delete(pool.name);
  }
  const listed = new Set(pools.map(({ name }) => name));
  for (const [name, pool] of state.pools) {
    if (listed.has(name)) continue;
    if (inUse.has(name)) state.retired.set(name, pool);
    else state.addresses.delete(name);
    state.pools.delete(name);
    state.inventories.delete(name);
  }
  return refused;
}

/** As put-inventory.lua. */
export function putInventory(
  state: State,
  now: number,
  pool: string,
  rows: readonly CloudAddress[],
  readAtMs: number,
): Repairs {
  const repairs = { adopted: 0, lost: 0, out: [] as Repairs["out"][number][] };
  if (!state.pools.has(pool) || !isNoted(state)) return repairs;
  if (readAtMs < state.beat.emptiedMs) return repairs; // of the ledger before
  const addresses = state.addresses.get(pool) ?? new Map<string, AddressRecord>();
  state.addresses.set(pool, addresses);
  const holders = new Map([...state.attachments.values()].map((attachment) => [attachment.address.id, attachment]));
  for (const [rank, row] of rows.entries()) {
    const before = addresses.get(row.id);
    const recent = before !== undefined && before.changedMs > readAtMs - inventorySettleMs;
    let attachment = holders.get(row.id);
    if (attachment?.state === "kept" && !recent && row.attachedTo !== attachment.machine.id) {
      dropAttachment(state, attachment); // it went with its machine
      noteHistory(state, now, "detached", attachment);
      state.changed(attachment.machine.id);
      attachment = undefined;
    }
    let to: AddressRecord["state"] = before?.state ?? "taken";
    if (attachment !== undefined) {
      to = "used";
      const machine = attachment.machine.id;
      if (!recent && attachment.state === "attached" && row.attachedTo !== machine) {
        // It was taken away. Where nobody needs it, the node may still want its ephemeral address back.
        const needed = countLeases(state, machine) > 0;
        workAgain(state, now, attachment, needed ? "attaching" : "detaching");
        repairs.lost += needed ? 1 : 0;
      }
    } else if (!recent && row.attachedTo === null) {
      to = "free";
    } else if (!recent && row.attachedTo !== null) {
      const adopted = adopt(state, now, pool, row, row.attachedTo);
      to = adopted ? "used" : "taken";
      repairs.adopted += adopted ? 1 : 0;
    }
    // As of the read, not of now: a later read may know better.
    const changedMs = before?.state === to ? before.changedMs : readAtMs;
    addresses.set(row.id, { id: row.id, ip: row.ip, state: to, rank, changedMs });
  }
  const listed = new Set(rows.map(({ id }) => id));
  for (const id of [...addresses.keys()].filter((known) => !listed.has(known))) {
    const holder = holders.get(id);
    if (holder?.state === "kept" && !state.machines.has(holder.machine.id)) {
      dropAttachment(state, holder); // neither the address nor the node is ours any more
      noteHistory(state, now, "detached", holder);
      addresses.delete(id);
      state.changed(holder.machine.id);
    } else if (holder !== undefined) {
      if (addresses.get(id)?.state !== "out") markAddress(state, now, pool, id, "out");
      if (isRelied(state, holder)) repairs.out.push({ machine: holder.machine, address: holder.address });
    } else addresses.delete(id);
  }
  const before = state.inventories.get(pool) ?? 0;
  state.inventories.set(pool, Math.max(before, readAtMs));
  wakeQueue(state, pool);
  if (before < trustedFromMs(state, false)) wakeWaiters(state, ({ reason }) => reason === "ledger-doubtful");
  return repairs;
}

/** As missed.lua. */
export function missed(state: State, now: number, machine: string, addressId: string, readAtMs: number): boolean {
  const attachment = state.attachments.get(machine);
  if (attachment?.address.id !== addressId || !isRelied(state, attachment)) return false;
  if (attachment.sinceMs > readAtMs - inventorySettleMs) return false;
  if (!isNoted(state) || readAtMs < state.beat.emptiedMs) return false;
  workAgain(state, now, attachment, attachment.state === "kept" ? "detaching" : "attaching");
  return true;
}

/** Pods use it, or the next one would be told that it is there. */
function isRelied(state: State, { state: is, machine }: AttachmentRecord): boolean {
  return is === "kept" || (is === "attached" && countLeases(state, machine.id) > 0);
}

/** It was taken away: from pods that use it, or from a node that nobody needs it on. */
function workAgain(state: State, now: number, attachment: AttachmentRecord, to: AttachmentRecord["state"]): void {
  noteHistory(state, now, "lost", attachment);
  const sureMs = to === "detaching" ? attachment.unsureUntilMs : 0;
  const deadlineMs = Math.max(now, workFromMs(state, now), sureMs);
  Object.assign(attachment, { state: to, deadlineMs, lingerUntilMs: now }); // nothing was asked since
  state.changed(attachment.machine.id);
}

function adopt(state: State, now: number, pool: string, row: CloudAddress, machine: string): boolean {
  const node = state.nodes.get(state.machines.get(machine) ?? "");
  if (node === undefined || state.attachments.has(machine)) return false;
  const adopted: AttachmentRecord = {
    machine: node.machine,
    node: node.name,
    pool,
    address: { id: row.id, ip: row.ip },
    state: "attached",
    fence: newFence(state),
    sinceMs: now,
    hadEphemeral: true,
    deadlineMs: 0,
    lingerUntilMs: Math.max(lingerUntil(state, now, { pool, machine: node.machine }), now + 120_000),
    unsureUntilMs: 0,
    stranded: false,
  };
  state.attachments.set(machine, adopted);
  noteHistory(state, now, "adopted", adopted);
  state.changed(machine);
  return true;
}
