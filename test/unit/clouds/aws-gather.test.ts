import { describe, expect, it, vi } from "vitest";
import { gather } from "../../../shared/clouds/aws/gather.ts";

function gathering(most = 100) {
  const asked: (readonly string[])[] = [];
  const ask = async (ids: readonly string[]) => {
    asked.push(ids);
    return new Map(ids.filter((id) => id !== "gone").map((id) => [id, `the ${id}`]));
  };
  return { asked, find: gather(ask, { gatherMs: 5, most }) };
}

describe("gather", () => {
  it("asks once for all who ask at once, each thing once", async () => {
    const { asked, find } = gathering();
    expect(await Promise.all(["a", "b", "gone", "a"].map((id) => find(id)))).toEqual([
      "the a",
      "the b",
      undefined,
      "the a",
    ]);
    expect(asked).toEqual([["a", "b", "gone"]]);
  });

  it("asks again for who comes later", async () => {
    const { asked, find } = gathering();
    await find("a");
    await find("a");
    expect(asked).toEqual([["a"], ["a"]]);
  });

  it("asks for no more than the cloud takes", async () => {
    const { asked, find } = gathering(2);
    await Promise.all(["a", "b", "c"].map((id) => find(id)));
    expect(asked).toEqual([["a", "b"], ["c"]]);
  });

  it("ends the waiting of one who is told to stop, and of nobody else", async () => {
    const { find } = gathering();
    const stop = new AbortController();
    const [stopped, other] = [find("a", stop.signal), find("b")];
    stop.abort(new Error("told to stop"));
    await expect(stopped).rejects.toThrow("told to stop");
    expect(await other).toBe("the b");
  });

  it("waits on while others keep coming", async () => {
    vi.useFakeTimers();
    try {
      const { asked, find } = gathering();
      const found = [find("a")];
      for (const id of ["b", "c"]) {
        await vi.advanceTimersByTimeAsync(4);
        found.push(find(id));
      }
      await vi.advanceTimersByTimeAsync(5);
      expect(await Promise.all(found)).toEqual(["the a", "the b", "the c"]);
      expect(asked).toEqual([["a", "b", "c"]]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("hands a failure to each who asked", async () => {
    const find = gather(() => Promise.reject(new Error("down")), { gatherMs: 1, most: 10 });
    const results = await Promise.allSettled([find("a"), find("b", AbortSignal.timeout(1_000))]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
