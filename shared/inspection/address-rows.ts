import type { LedgerAddress, Snapshot } from "../ledger/records.ts";
import { addressState, type AddressState } from "./address-state.ts";
import { byMachine } from "./by-machine.ts";

/** `taken`: attached to something that is not ours, or missing: no state of ours. */
export interface AddressRow {
  readonly pool: string;
  readonly ip: string;
  readonly id: string;
  readonly state: AddressState | "taken";
  readonly node: string | null;
  readonly leases: number;
  /** When its attachment came into its state (Unix ms of the ledger's clock); null without one. */
  readonly sinceMs: number | null;
  /** No longer in the pool: used until its last lease ends. */
  readonly out: boolean;
}

/** Every address of the pools, by pool, as the ledger has them. */
export function addressRows(snapshot: Snapshot): AddressRow[] {
  const carriers = new Map(snapshot.attachments.map((attachment) => [attachment.address.id, attachment]));
  const on = byMachine(snapshot);
  const row = ({ pool, ip, id, state }: LedgerAddress): AddressRow => {
    const carrier = carriers.get(id);
    const leases = carrier === undefined ? [] : on(carrier.machine.id).leases;
    return {
      pool,
      ip,
      id,
      state: state === "taken" ? "taken" : addressState(carrier, leases),
      node: carrier?.node ?? null,
      leases: leases.length,
      sinceMs: carrier?.sinceMs ?? null,
      out: state === "out",
    };
  };
  return snapshot.addresses.map(row).toSorted((a, b) => names.compare(a.pool, b.pool) || numbers.compare(a.ip, b.ip));
}

const names = new Intl.Collator("en");
const numbers = new Intl.Collator("en", { numeric: true });
