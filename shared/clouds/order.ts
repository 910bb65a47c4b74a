/** What addresses can be ordered by. */
export interface Orderable {
  readonly id: string;
  readonly ip: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Numbers inside text count as numbers: `203.0.113.9` before `203.0.113.10`, `2` before `10`. */
const collator = new Intl.Collator("en", { numeric: true });

/**
 * Sorts by the pool's `orderBy` (`tag:NAME`, `ip` or `id`; a leading `-` descends), then by id. Addresses without the tag
 * come last, whichever way the order goes.
 */
export function inOrder<T extends Orderable>(addresses: readonly T[], orderBy = "id"): T[] {
  const descends = orderBy.startsWith("-");
  const field = descends ? orderBy.slice(1) : orderBy;
  const keyOf = (address: T): string | undefined => {
    if (field === "ip") return address.ip;
    if (field === "id") return address.id;
    return address.tags[field.slice("tag:".length)];
  };
  return addresses.toSorted((a, b) => {
    const [keyA, keyB] = [keyOf(a), keyOf(b)];
    if (keyA === undefined || keyB === undefined) {
      return Number(keyA === undefined) - Number(keyB === undefined) || collator.compare(a.id, b.id);
    }
    const order = collator.compare(keyA, keyB);
    return (descends ? -order : order) || collator.compare(a.id, b.id);
  });
}
