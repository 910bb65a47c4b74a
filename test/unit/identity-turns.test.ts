import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTurns } from "../../webhook/identity/turns.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

function scene(limits: Parameters<typeof createTurns>[0]) {
  const inTurn = createTurns(limits);
  const begun: string[] = [];
  const run = (source: string) =>
    inTurn(source, async () => {
      begun.push(source);
    });
  return { begun, run };
}

describe("createTurns", () => {
  it("begins no more than `atOnce` tasks in `placeMs`", async () => {
    const { begun, run } = scene({ atOnce: 4, placeMs: 50, mostWaiting: 100 });
    const all = Array.from({ length: 50 }, () => run("a"));
    const seen: number[] = [];
    for (let time = 0; time < 13; time++) {
      await vi.advanceTimersByTimeAsync(49);
      seen.push(begun.length);
      await vi.advanceTimersByTimeAsync(1);
    }
    await Promise.all(all);
    expect(seen).toEqual([4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 50]);
  });

  it("lets the sources take turns: one that asks for a lot delays nobody else", async () => {
    const { begun, run } = scene({ atOnce: 1, placeMs: 10, mostWaiting: 100 });
    const all = ["a", "a", "a", "a", "b", "b", "c"].map(run);
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(all);
    expect(begun.join("")).toBe("aabcaba");
  });

  it("refuses where the source's queue is full, and only there", async () => {
    const { run } = scene({ atOnce: 1, placeMs: 10, mostWaiting: 2 });
    const all = [run("a"), run("a"), run("a")];
    await expect(run("a")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    all.push(run("b"));
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(all);
  });

  it("gives a failed task's place to the next, and is idle again in the end", async () => {
    const inTurn = createTurns({ atOnce: 1, placeMs: 10, mostWaiting: 2 });
    const failed = inTurn("a", () => Promise.reject(new Error("no answer")));
    await expect(failed).rejects.toThrow("no answer");
    const next = inTurn("a", async () => "answered");
    await vi.advanceTimersByTimeAsync(20);
    expect(await next).toBe("answered");
    expect(await inTurn("a", async () => "at once")).toBe("at once");
  });
});
