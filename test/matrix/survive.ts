import { describe, expect, it } from "vitest";
import { casesOf, titleOf, tryCase } from "./cases.ts";
import { scenarios, type ScenarioName } from "./scenarios.ts";
import { stepsOf } from "./steps.ts";

/** Of a life without mishaps, until a fault strikes. The scenarios are tried in two files, which run side by side. */
const everyday = new Set<ScenarioName>([
  "start, the sidecar works",
  "start, the controller works",
  "second pod of a node",
  "start with an echo URL",
  "hold",
  "release, the sidecar works",
  "release, the controller works",
  "release, and a pod comes back within linger",
  "release, and the address is kept",
  "taking over, the sidecar works",
]);

export function survives(kind: "everyday" | "mishap"): void {
  const names = (Object.keys(scenarios) as ScenarioName[]).filter(
    (name) => everyday.has(name) === (kind === "everyday"),
  );
  describe.each(names)("%s", (name) => {
    const cases = casesOf(name);
    it.each(stepsOf(name))("$phase: $actor $call", async (step) => {
      for (const one of cases) {
        if (one.step !== step) continue;
        const { reached, violations } = await tryCase(one);
        const title = `npm run matrix -- --only '${name}/${titleOf(one)}' --full`;
        expect({ reached, violations }, title).toEqual({ reached: true, violations: [] });
      }
    });
  });
}
