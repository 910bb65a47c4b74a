import type { Random } from "../simulation/random.ts";

/** Deals the items in an order of the seed's, each once before any comes again: no kind is left out of a long run. */
export function createDeck<T>(items: readonly T[], random: Random): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0)
      left = items
        .map((item) => ({ item, at: random.next() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ item }) => item);
    const item = left.pop();
    if (item === undefined) throw new Error("a deck without cards");
    return item;
  };
}
