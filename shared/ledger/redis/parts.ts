import type { CloudAddress } from "../../clouds/port.ts";

/** Rows of an inventory that one command takes in: a few milliseconds of Redis' time, in which nobody else is served. */
const partRows = 500;

/**
 * An inventory as the arguments of one command for each part, in order (see put-inventory.lua). Only the last part brings the
 * ids of all parts before it: with them the ledger knows what is listed no more.
 */
export function partsOf(addresses: readonly CloudAddress[]): (string | number)[][] {
  const count = Math.max(1, Math.ceil(addresses.length / partRows));
  return Array.from({ length: count }, (_, index) => {
    const first = index * partRows;
    const rows = addresses.slice(first, first + partRows);
    const isLast = index === count - 1;
    const before = isLast ? addresses.slice(0, first).map(({ id }) => id) : [];
    const fields = rows.flatMap(({ id, ip, attachedTo }) => [id, ip, attachedTo ?? ""]);
    return [isLast ? "last" : "more", first, rows.length, ...fields, ...before];
  });
}
