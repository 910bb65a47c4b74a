import { describe, expect, it } from "vitest";
import { historyOf } from "./chance.ts";
import { runHistory } from "./run.ts";
import { readStories } from "./stories.ts";

/** A longer run, and the story of one that fails: npm run simulate -- --help. */
const histories = 300;
const each = 50;
const stories = [...(await readStories())];

describe("static-egress, on a simulated clock, ledger, cloud and cluster", () => {
  const firsts = Array.from({ length: histories / each }, (_, index) => index * each);
  it.each(firsts)(`keeps its invariants in ${each} random histories, from %i on`, async (first) => {
    for (let number = first; number < first + each; number += 1) {
      const { seed, ...history } = historyOf(`1.${number}`);
      const { violations } = await runHistory({ seed, ...history });
      expect(violations, `npm run simulate -- --seed 1 --from ${number} --histories 1`).toEqual([]);
    }
  });

  it.each(stories)("keeps them in the story that once broke one: %s", async (_, history) => {
    expect((await runHistory(history)).violations).toEqual([]);
  });

  it("tells the same story of the same history", async () => {
    const history = historyOf("1.7");
    const first = await runHistory(history, true);
    expect(first.story.length).toBeGreaterThan(20);
    expect((await runHistory(history, true)).story).toEqual(first.story);
  });

  it("gives the platform's own clock back", async () => {
    const platform = (): unknown[] => [
      setTimeout,
      clearTimeout,
      setInterval,
      Date.now,
      Math.random,
      Object.getOwnPropertyDescriptor(AbortSignal, "timeout")?.value,
    ];
    const before = platform();
    await runHistory({ ...historyOf("1.7"), events: [] });
    expect(platform()).toEqual(before);
  });
});
