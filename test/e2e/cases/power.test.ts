import { describe, expect, it } from "vitest";
import { unreachableSeconds } from "../install.ts";
import { apply, kubectl } from "../support/kubectl.ts";
import { spareNode, workers } from "../support/nodes.ts";
import { freshPort, lab, scene, sources, withMachines } from "../support/scene.ts";
import { during, until } from "../support/wait.ts";

const names = await workers();
const enoughNodes = names.length > 2;
if (!enoughNodes) console.warn("e2e: the power cut needs a third node: skipped");
/** A silent node's address serves another one this long after its last sign of life, at most. */
const boundSeconds = Math.max(60, unreachableSeconds) + 15;

describe.runIf(withMachines && enoughNodes)(
  "a node whose power is cut, its pool full, another node's pod waiting",
  () => {
    const { kube, pod, ready } = scene("power");

    it(`hands its address over within ${boundSeconds} s; back again, it starts no app on a stale gate`, async () => {
      const dark = spareNode(names) ?? "";
      const [first = "", second = ""] = names;
      const [app, heir] = [freshPort(), freshPort()];
      const inPool = { pool: "billing", stays: true };
      await apply(pod({ name: "app", node: dark, port: app, ...inPool }));
      await apply(pod({ name: "other", node: first, port: freshPort(), ...inPool }));
      await ready("app");
      await ready("other");
      const [address = ""] = await sources(app);
      await apply(pod({ name: "heir", node: second, port: heir, ...inPool }));
      await during("a heir that did not have to wait would be up by then", 4000);
      expect(await sources(heir)).toEqual([]);

      const cutMs = Date.now();
      await lab!.machine("kill", dark);
      try {
        await ready("heir", 1, boundSeconds + 15);
        const events = await lab!.eventsOf(address, cutMs);
        expect(events.map(({ kind, node }) => [kind, node])).toEqual([
          ["detached", dark],
          ["attached", second],
        ]);
        expect(((events.at(-1)?.timeMs ?? Infinity) - cutMs) / 1000).toBeLessThanOrEqual(boundSeconds);
        expect(await sources(heir)).toEqual([address]);
        await kube("delete", "pod", "heir");
      } finally {
        await lab!.machine("start", dark);
      }
      const backMs = Date.now();
      await until(
        "the app runs again",
        async () => {
          const flows = (await lab!.flows(app)).filter((flow) => flow.timeMs > backMs);
          return flows.length > 0 ? flows : "no packet";
        },
        120,
      );
      await kubectl("wait", `node/${dark}`, "--for=condition=Ready", "--timeout=60s");
      await ready("app");
      const pool = [...(await lab!.poolAddresses("billing")).keys()];
      for (const source of await sources(app)) expect(pool).toContain(source);
    });
  },
);
