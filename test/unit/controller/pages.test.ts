import { describe, expect, it } from "vitest";
import { everyPage } from "../../../webhook/controller/cluster/pages.ts";

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("everyPage", () => {
  it("follows the tokens from page to page", async () => {
    const pages = new Map([
      ["", { items: [1, 2], metadata: { _continue: "b" } }],
      ["b", { items: [3], metadata: { _continue: "" } }],
    ]);
    const all = await allOf(everyPage((token) => Promise.resolve(pages.get(token ?? "") ?? { items: null })));
    expect(all).toEqual([1, 2, 3]);
  });

  it("takes a list without items, as the API server sends empty lists of metadata", async () => {
    expect(await allOf(everyPage(() => Promise.resolve({ items: null, metadata: {} })))).toEqual([]);
  });
});
