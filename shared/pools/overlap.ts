import type { Pool } from "./schema.ts";

/**
 * Pools that share an address, as far as it can be told without asking the cloud: the same name, the same explicit address,
 * the same select in one account's region. Each problem names both pools.
 */
export function overlaps(pools: readonly Pool[]): string[] {
  return [...sameNames(pools), ...sameAddresses(pools), ...sameSelects(pools)];
}

function sameNames(pools: readonly Pool[]): string[] {
  return repeated(pools.map((pool, index) => ({ key: pool.name, at: `pools[${index}].name` }))).map(
    ({ key, at, first }) => `${at}: saw ${JSON.stringify(key)}, also at ${first}; accepted: a name once`,
  );
}

function sameAddresses(pools: readonly Pool[]): string[] {
  const entries = pools.flatMap((pool, index) =>
    (pool.select.addresses ?? []).map((address, position) => ({
      key: `${placeOf(pool)} ${address}`,
      at: `pools[${index}].select.addresses[${position}]`,
      address,
    })),
  );
  return repeated(entries).map(
    ({ address, at, first }) =>
      `${at}: saw ${JSON.stringify(address)}, also at ${first}; accepted: an address once, in one pool`,
  );
}

function sameSelects(pools: readonly Pool[]): string[] {
  const entries = pools.flatMap((pool, index) => {
    const { tags, filter, addresses } = pool.select;
    if (addresses !== undefined) return [];
    const sorted = Object.entries(tags ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [{ key: JSON.stringify([placeOf(pool), sorted, filter]), at: `pools[${index}].select`, name: pool.name }];
  });
  return repeated(entries).map(
    ({ at, first }) => `${at}: selects the same addresses as ${first}; accepted: pools that do not overlap`,
  );
}

function placeOf({ cloud, region, project, family }: Pool): string {
  return [cloud, project ?? "", region, family].join("/");
}

function repeated<T extends { key: string; at: string }>(entries: readonly T[]): (T & { first: string })[] {
  const first = new Map<string, string>();
  return entries.flatMap((entry) => {
    const earlier = first.get(entry.key);
    if (earlier !== undefined) return [{ ...entry, first: earlier }];
    first.set(entry.key, entry.at);
    return [];
  });
}
