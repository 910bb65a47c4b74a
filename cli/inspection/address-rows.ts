import type { LedgerAddress, Snapshot } from "../../shared/ledger/records.ts";

/**
 * `taken`: attached to something that is not ours. `out`: no longer in the pool, used until its last lease ends. What is
 * in use shows the state of its attachment.
 */
export interface AddressRow {
  readonly pool: string;
  readonly ip: string;
  readonly id: string;
  readonly state: string;
  readonly node: string | null;
}

/** Every address of the pools, by pool, as the ledger has them. */
export function addressRows(snapshot: Snapshot): AddressRow[] {
  const carriers = new Map(snapshot.attachments.map((attachment) => [attachment.address.id, attachment]));
  const row = ({ pool, ip, id, state }: LedgerAddress): AddressRow => {
    const carrier = carriers.get(id);
    return { pool, ip, id, state: state === "used" ? (carrier?.state ?? state) : state, node: carrier?.node ?? null };
  };
  const inOrder = (a: AddressRow, b: AddressRow) =>
    a.pool.localeCompare(b.pool) || a.ip.localeCompare(b.ip, "en", { numeric: true });
  return snapshot.addresses.map(row).toSorted(inOrder);
}
