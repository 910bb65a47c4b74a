import { describe, expect, it } from "vitest";
import { actors } from "./actors.ts";
import { casesOf, faultsAt, titleOf } from "./cases.ts";
import { faults } from "./faults.ts";
import { corrected, record } from "./record.ts";
import { scenarios, type Scenario, type ScenarioName } from "./scenarios.ts";
import { lineOf, phases, stepsOf } from "./steps.ts";

/** The table of what was survived, and the story of one case: npm run matrix -- --help. */
const names = Object.keys(scenarios) as ScenarioName[];
const all = names.flatMap(casesOf);

describe("the fault matrix", () => {
  it("is the whole product of steps and the faults that mean something there", () => {
    let product = 0;
    for (const name of names) {
      const { except }: Scenario = scenarios[name];
      for (const { call, times } of stepsOf(name)) {
        const meaningful =
          faultsAt(call).length - (faultsAt(call).some((fault) => fault.name === except?.fault) ? 1 : 0);
        product += times * meaningful;
      }
    }
    expect(all).toHaveLength(product);
    expect(new Set(all.map((one) => `${one.scenario}/${titleOf(one)}`)).size).toBe(product);
    for (const phase of phases) {
      const met = new Set(all.filter(({ step }) => step.phase === phase).map(({ fault }) => fault.name));
      for (const name of [
        "kill -9 before",
        "kill -9 after",
        "stopped before",
        "stopped after",
        "lost answer",
        "error",
      ]) {
        expect(met, `${phase} meets '${name}'`).toContain(name);
      }
    }
    expect(new Set(all.map(({ step }) => step.actor))).toEqual(new Set(actors));
    expect(new Set(all.map(({ fault }) => fault))).toEqual(new Set(faults));
  });

  it.each(names)("lists every call of '%s'", async (name) => {
    const { made, violations } = await record(scenarios[name]);
    expect(violations).toEqual([]);
    const should = corrected(stepsOf(name), made).map(lineOf);
    expect(stepsOf(name).map(lineOf).toSorted(), "npm run matrix -- --record --write").toEqual(should.toSorted());
  });
});
