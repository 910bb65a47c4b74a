import type { Pool } from "../../shared/pools/schema.ts";
import { addressId, poolName, type World } from "./world.ts";

/** Changes a pool in the file, and tells those who watch it. */
export function editPool(world: World, pool: number, change: Partial<Pool>): void {
  world.pools = world.pools.map((one) => (one.name === poolName(pool) ? { ...one, ...change } : one));
  tell(world);
}

/** An address is of one pool only, and of its cloud; a pool keeps at least one. */
export function editAddresses(world: World, pool: number, address: number, comes: boolean): void {
  const id = addressId(address);
  const one = world.pools.find(({ name }) => name === poolName(pool));
  if (one === undefined) return;
  const isTaken = world.pools.some((other) => other.select.addresses?.includes(id));
  if (comes && (isTaken || world.truth.addresses.get(id)?.cloud !== one.cloud)) return;
  const before = one.select.addresses ?? [];
  const addresses = comes ? [...before, id] : before.filter((known) => known !== id);
  if (addresses.length > 0) editPool(world, pool, { select: { addresses } });
}

/** Takes a pool out of the file; the returned function puts it back. */
export function removePool(world: World, pool: number): () => void {
  const one = world.pools.find(({ name }) => name === poolName(pool));
  if (one === undefined) return () => undefined;
  world.pools = world.pools.filter((other) => other !== one);
  tell(world);
  const putBack = (): void => {
    if (!world.putBack.delete(putBack)) return;
    world.pools = [...world.pools, one];
    tell(world);
  };
  world.putBack.add(putBack);
  return putBack;
}

function tell(world: World): void {
  for (const hear of world.poolWatchers) hear();
}
