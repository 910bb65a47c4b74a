import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createWorkQueue } from "../../../webhook/controller/work-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(run: (key: string) => Promise<number | undefined>, concurrency = 10) {
  const ending = new AbortController();
  const failures: string[] = [];
  const queue = createWorkQueue({
    concurrency,
    run,
    failed: (key, _, attempt) => failures.push(`${key} ${attempt}`),
    retryMs: (attempt) => attempt * 1_000,
    signal: ending.signal,
  });
  return { queue, ending, failures };
}

describe("createWorkQueue", () => {
  describe("when a key is added while it is worked on", () => {
    it("looks at it once more afterwards, and never twice at the same time", async () => {
      const open: (() => void)[] = [];
      const { queue } = setUp(() => new Promise((resolve) => open.push(() => resolve(undefined))));
      queue.add("a");
      queue.add("a");
      queue.add("a");
      expect(open).toHaveLength(1);
      open[0]?.();
      await vi.advanceTimersByTimeAsync(0);
      expect(open).toHaveLength(2);
      open[1]?.();
      await queue.idle();
      expect(open).toHaveLength(2);
    });
  });

  describe("when one key is slow", () => {
    it("does not hold up another", async () => {
      const done: string[] = [];
      const { queue } = setUp(async (key) => {
        if (key === "slow") await new Promise(() => undefined);
        done.push(key);
        return undefined;
      });
      queue.add("slow");
      queue.add("quick");
      await vi.advanceTimersByTimeAsync(0);
      expect(done).toEqual(["quick"]);
    });
  });

  describe("when a run fails", () => {
    it("tries again later, and tells each failure", async () => {
      let left = 2;
      const { queue, failures } = setUp(async () => {
        left -= 1;
        if (left >= 0) throw new Error("no");
        return undefined;
      });
      queue.add("a");
      await vi.advanceTimersByTimeAsync(10_000);
      expect(failures).toEqual(["a 1", "a 2"]);
    });
  });

  describe("when several delays are wished for", () => {
    it("takes the earliest", async () => {
      const run = vi.fn<() => Promise<undefined>>(async () => undefined);
      const { queue } = setUp(run);
      queue.add("a", 5_000);
      queue.add("a", 100);
      queue.add("a", 9_000);
      await vi.advanceTimersByTimeAsync(100);
      expect(run).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(run).toHaveBeenCalledTimes(1);
    });
  });

  describe("when it was ended", () => {
    it("starts nothing any more and is idle once the last run has ended", async () => {
      const run = vi.fn<() => Promise<number>>(async () => 1);
      const { queue, ending } = setUp(run, 1);
      queue.add("a");
      queue.add("b");
      ending.abort();
      queue.add("c");
      await queue.idle();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(run).toHaveBeenCalledTimes(1);
    });
  });
});
