import type { Attachment, Lease } from "../ledger/records.ts";

/** The states of an address, wherever one is shown: command line, page, metrics, Kubernetes. With `exhausted`, of a pool, six. */
export const addressStates = ["free", "attaching", "attached", "draining", "lingering"] as const;

/**
 * `free`: no attachment. `attaching`: on its way to a node. `attached`: at least one lease on it is held. `draining`: it has leases,
 * and their pods all terminate. `lingering`: no lease: for the pool's lingerSeconds, kept as the node would lose its way out, or
 * on its way off.
 */
export type AddressState = (typeof addressStates)[number];

/** The state of an address, by its attachment and all leases on it. Pure; the one place that decides it. */
export function addressState(
  attachment: Pick<Attachment, "state"> | undefined,
  leases: readonly Pick<Lease, "state">[],
): AddressState {
  if (attachment === undefined) return "free";
  if (attachment.state === "attaching") return "attaching";
  if (attachment.state === "detaching" || leases.length === 0) return "lingering";
  return leases.every(({ state }) => state === "draining") ? "draining" : "attached";
}

/** Of a pool: no address is free, and pods wait. */
export function isExhausted({ free, waiting }: { readonly free: number; readonly waiting: number }): boolean {
  return free === 0 && waiting > 0;
}
