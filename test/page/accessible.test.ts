import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectedLedger } from "../support/inspection-scene.ts";
import { openBrowser, picture, serve, visit } from "./browser.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const views = ["#/", "#/pools/partners", "#/addresses/203.0.113.1", "#/nodes", "#/pods/apps/p3", "#/search/apps"];

describe("the inspection page, for everybody", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  describe.each(["light", "dark"] as const)("when the device is set to %s", (colorScheme) => {
    it.each(views)("%s: axe finds nothing", async (hash) => {
      const { ledger } = await inspectedLedger();
      // axe is put in as a script, which the page's own policy refuses.
      const { page } = await visit(browser, `${await serve(ledger)}${hash}`, { colorScheme, bypassCSP: true });
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      await picture(page, `${colorScheme}${hash.replaceAll(/[^a-z0-9]+/g, "-")}`);
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    });
  });

  it.each(views)("%s: fits a phone of 360 px", async (hash) => {
    const { ledger } = await inspectedLedger();
    const { page } = await visit(browser, `${await serve(ledger)}${hash}`, { viewport: { width: 360, height: 740 } });
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await picture(page, `phone${hash.replaceAll(/[^a-z0-9]+/g, "-")}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
});
