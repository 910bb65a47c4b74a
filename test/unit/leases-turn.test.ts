import { describe, expect, it } from "vitest";
import type { Line } from "../../shared/clouds/limits.ts";
import { createTurns } from "../../shared/leases/turn.ts";

const line: Line = { bucket: "aws:eu-west-1", limits: { burst: 50, perSecond: 5 } };
const forever = new AbortController().signal;

/** A line that answers in turn with these, and remembers how many places were asked for. */
function answering(...answers: { places: number; waitMs: number }[]) {
  const wanted: number[] = [];
  const pace = async (_bucket: string, _limits: Line["limits"], places: number) => {
    wanted.push(places);
    return answers.shift() ?? { places, waitMs: 0 };
  };
  return { wanted, turns: createTurns({ pace }) };
}

describe("createTurns", () => {
  describe("when several wait for one account", () => {
    it("asks for all of them at once, and lets as many go as there are places, the first first", async () => {
      const { wanted, turns } = answering({ places: 1, waitMs: 0 }, { places: 2, waitMs: 5 }, { places: 1, waitMs: 0 });
      const order: number[] = [];
      await Promise.all([1, 2, 3, 4].map((n) => turns.take(line, forever).then((offMs) => order.push(offMs ?? n))));
      expect(order).toEqual([1, 2, 3, 4]);
      expect(wanted).toEqual([1, 3, 1]);
    });

    it("asks for each account by itself", async () => {
      const { wanted, turns } = answering();
      await Promise.all([turns.take(line, forever), turns.take({ ...line, bucket: "aws:eu-west-2" }, forever)]);
      expect(wanted).toEqual([1, 1]);
    });

    it("tells all of them how far off their turn is", async () => {
      const { turns } = answering({ places: 1, waitMs: 0 }, { places: 0, waitMs: 7_000 });
      expect(await Promise.all([1, 2, 3].map(() => turns.take(line, forever)))).toEqual([null, 7_000, 7_000]);
      expect(await turns.take(line, forever)).toBeNull();
    });
  });

  it("lets one go that stops waiting, and the others wait on", async () => {
    const { turns } = answering({ places: 1, waitMs: 0 }, { places: 1, waitMs: 20 });
    const stopped = new AbortController();
    await turns.take(line, forever);
    const first = turns.take(line, stopped.signal);
    const second = turns.take(line, forever);
    stopped.abort(new Error("stopped"));
    await expect(first).rejects.toThrow("stopped");
    expect(await second).toBeNull();
    await expect(turns.take(line, stopped.signal)).rejects.toThrow("stopped");
  });

  it("fails all who wait when the ledger does, and asks again for the next", async () => {
    let down = true;
    const pace = async () => {
      if (down) throw new Error("down");
      return { places: 1, waitMs: 0 };
    };
    const turns = createTurns({ pace });
    const asked = await Promise.allSettled([turns.take(line, forever), turns.take(line, forever)]);
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    down = false;
    expect(await turns.take(line, forever)).toBeNull();
  });
});
