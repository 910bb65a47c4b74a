import { describe, expect, it } from "vitest";
import type { Happens, Setting } from "../simulation/history.ts";
import { strangers } from "../simulation/world.ts";
import { EgressError } from "../../shared/errors.ts";
import { pod as created, setting } from "./scenarios.ts";
import { tell } from "./tale.ts";

const first = "203.0.113.1";
const second = "203.0.113.2";
const pod = (number: number, node: number, more: Partial<Extract<Happens, { do: "create pod" }>> = {}): Happens => ({
  ...(created(0, number, node) as Extract<Happens, { do: "create pod" }>),
  ...more,
});
const gone = (number: number): Happens => ({ do: "delete pod", pod: number });
const throttled = { refusal: new EgressError("CLOUD_THROTTLED", "RequestLimitExceeded") };

/** Both ways to work: each sidecar for its own pod, and the controller for all. */
const both = [
  ["sidecars", true],
  ["the controller", false],
] as const;

describe.each(both)("what earlier tools get wrong: the cloud's work is done by %s", (_, sidecarsWork) => {
  describe("when a holder and its Node object vanish for good", () => {
    it("gives the address to the pod that waits for it", () =>
      tell(setting({ sidecarsWork, addresses: 1 }), async ({ happens, passes, gate, carried }) => {
        happens(pod(0, 0));
        await passes(20);
        happens(pod(1, 1));
        await passes(10);
        expect(gate(1)).toBeUndefined();
        happens({ do: "node goes", node: 0, afterMs: 5_000 });
        await passes(60);
        expect([gate(1), carried(1)]).toEqual([first, first]);
      }));
  });

  describe("when SIGTERM comes in the middle of an attach", () => {
    it.each(["before", "after"] as const)("gives the address back; it comes right %s the change", (when) =>
      tell(setting({ sidecarsWork, addresses: 1 }), async (teller) => {
        const { happens, passes, aims, carried, isEphemeral, gate } = teller;
        let hits = 0;
        aims((call) => {
          if (call !== "cloud.AssociateAddress" || hits > 0) return undefined;
          hits += 1;
          return { [when]: () => happens(gone(0)) };
        });
        happens(pod(0, 0, { graceMs: 0 }));
        await passes(60);
        expect([hits, carried(0), isEphemeral(0)]).toEqual([1, null, true]);
        happens(pod(1, 1));
        await passes(30);
        expect(gate(1)).toBe(first);
      }),
    );
  });

  describe("when everything is restarted, one after the other", () => {
    it("moves no address and leaves no node without it", () =>
      tell(setting({ sidecarsWork, addresses: 2 }), async ({ happens, passes, changes, gate }) => {
        happens(pod(0, 0), pod(1, 1));
        await passes(30);
        const before = changes();
        expect(before).toHaveLength(2);
        for (const replica of [0, 1]) {
          happens({ do: "kill controller", replica, againMs: 2_000 });
          await passes(40);
        }
        happens({ do: "redis loses", what: "latest", latestMs: 10, downMs: 3_000, otherServer: true });
        await passes(60);
        for (const number of [0, 1]) {
          happens({ do: "kill sidecar", pod: number, againMs: 1_000 });
          await passes(30);
          happens({ do: "kubelet stops", node: number, forMs: 10_000 });
          await passes(30);
        }
        happens({ do: "redis loses", what: "everything", latestMs: 10, downMs: 1_000, otherServer: true });
        await passes(300);
        expect(changes()).toEqual(before);
        expect([gate(0), gate(1)]).toHaveLength(2);
      }));

    it("moves none when the pods are replaced, too, each on its node", () =>
      tell(
        setting({ sidecarsWork, addresses: 2, pool: { lingerSeconds: 30 } }),
        async ({ happens, passes, changes, gate }) => {
          happens(pod(0, 0), pod(1, 1));
          await passes(30);
          const before = changes();
          for (const number of [0, 1]) {
            const had = gate(number);
            happens(gone(number));
            await passes(10);
            happens(pod(number + 2, number));
            await passes(30);
            expect(gate(number + 2)).toBe(had);
          }
          expect(changes()).toEqual(before);
        },
      ));
  });

  describe("when an address earlier in the order becomes free", () => {
    it("does not lure a node that has one", () =>
      tell(setting({ sidecarsWork, addresses: 2 }), async ({ happens, passes, changes, carried }) => {
        happens(pod(0, 0));
        await passes(20);
        happens(pod(1, 1));
        await passes(20);
        expect([carried(0), carried(1)]).toEqual([first, second]);
        happens(gone(0));
        await passes(60);
        expect(carried(0)).toBeNull();
        const before = changes();
        happens({ do: "kill sidecar", pod: 1, againMs: 1_000 }, { do: "kill controller", replica: 0, againMs: 1_000 });
        await passes(60);
        happens({ do: "kill controller", replica: 1, againMs: 1_000 }, pod(2, 1));
        await passes(200);
        expect([carried(1), changes()]).toEqual([second, before]);
      }));
  });

  describe("when a node carries a static address that is not ours", () => {
    it("never touches it and never calls that success, and serves other nodes", () =>
      tell(setting({ sidecarsWork, addresses: 1, carries: "foreign" }), async (teller) => {
        const { happens, passes, gate, carried, changes } = teller;
        const foreign = carried(0);
        expect(foreign).not.toBeNull();
        const before = changes();
        happens(pod(0, 0));
        await passes(120);
        expect([gate(0), carried(0), changes()]).toEqual([undefined, foreign, before]);
        happens(pod(1, 1));
        await passes(120);
        expect([gate(0), carried(0), gate(1), carried(1)]).toEqual([undefined, foreign, first, first]);
      }));
  });

  describe("when the last lease ends on a node with two interfaces, which gets no automatic address back", () => {
    const world = (onRelease: "release" | "keep" | "keepUntilNodeGone"): Setting =>
      setting({ sidecarsWork, addresses: 1, interfaces: 2, pool: { onRelease } });

    it("frees the address all the same where the pool says 'release'", () =>
      tell(world("release"), async ({ happens, passes, carried, isEphemeral, gate }) => {
        happens(pod(0, 0));
        await passes(20);
        happens(gone(0));
        await passes(60);
        expect([carried(0), isEphemeral(0)]).toEqual([null, false]);
        happens(pod(1, 1));
        await passes(30);
        expect(gate(1)).toBe(first);
      }));

    it.each(["keep", "keepUntilNodeGone"] as const)(
      "keeps it for the node's next pod where it says '%s'",
      (onRelease) =>
        tell(world(onRelease), async ({ happens, passes, carried, changes, gate }) => {
          happens(pod(0, 0));
          await passes(20);
          const before = changes();
          happens(gone(0));
          await passes(200);
          expect(carried(0)).toBe(first);
          happens(pod(1, 0));
          await passes(20);
          expect([gate(1), changes()]).toEqual([first, before]);
        }),
    );

    it("frees it with its node where it says 'keepUntilNodeGone'", () =>
      tell(world("keepUntilNodeGone"), async ({ happens, passes, gate }) => {
        happens(pod(0, 0));
        await passes(20);
        happens(gone(0));
        await passes(60);
        happens(pod(1, 1), { do: "node goes", node: 0, afterMs: 5_000 });
        await passes(90);
        expect(gate(1)).toBe(first);
      }));
  });

  describe("when an address is detached by hand", () => {
    it("attaches the same one again within the minute", () =>
      tell(setting({ sidecarsWork, addresses: 2 }), async ({ happens, passes, carried, gate, changes }) => {
        happens(pod(0, 0));
        await passes(30);
        happens({ do: "take off by hand", address: 0, elsewhereMs: 0 });
        expect(carried(0)).toBeNull();
        await passes(90);
        expect([carried(0), gate(0)]).toEqual([first, first]);
        expect(changes().filter((change) => change.includes(second))).toEqual([]);
      }));
  });

  describe("when the cloud throttles five times in a row", () => {
    it("goes on with the same address", () =>
      tell(setting({ sidecarsWork, addresses: 2 }), async ({ scene, happens, passes, aims, gate, changes }) => {
        let refused = 0;
        aims((call) => {
          if (call !== "cloud.AssociateAddress" || refused === 5) return undefined;
          refused += 1;
          return throttled;
        });
        happens(pod(0, 0));
        await passes(90);
        expect([refused, gate(0)]).toEqual([5, first]);
        expect(changes()).toHaveLength(1);
        const givenUp = scene.world.story.lines.filter((line) => line.includes("node-problem"));
        expect(givenUp, "the address is nobody else's meanwhile").toEqual([]);
      }));
  });

  describe("when another cluster takes the address first", () => {
    it("has the next one within seconds", () =>
      tell(setting({ sidecarsWork, addresses: 2 }), async ({ scene, happens, passes, aims, gate }) => {
        const { truth, engine } = scene.world;
        let lostAtMs = 0;
        aims((call) => {
          if (call !== "cloud.AssociateAddress" || lostAtMs > 0) return undefined;
          lostAtMs = engine.now();
          return { before: () => truth.attach("address-0", strangers.aws, "hand") };
        });
        happens(pod(0, 0));
        for (let tenths = 0; gate(0) === undefined && tenths < 600; tenths += 1) await passes(0.1);
        expect(gate(0)).toBe(second);
        expect(engine.now() - lostAtMs).toBeLessThan(3_000);
      }));
  });

  describe("when the cloud answers old state", () => {
    it("opens no gate before the address is there", () =>
      tell(setting({ sidecarsWork, addresses: 1 }), async ({ scene, happens, passes, gate, carried }) => {
        scene.world.cloud.staleMs = 8_000;
        for (let number = 0; number < 6; number += 1) {
          happens(pod(number, 0));
          await passes(30);
          expect([gate(number), carried(0)]).toEqual([first, first]);
          happens(gone(number));
          while (carried(0) !== null) await passes(0.5);
        }
      }));
  });
});
