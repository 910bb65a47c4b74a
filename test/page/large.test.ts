import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBrowser, picture, serve, visit } from "./browser.ts";
import { largeLedger } from "./large-ledger.ts";

/** What a person would still call at once, on a machine that is busy with other tests. Printed is what it was. */
const limitMs = 15_000;

describe("the inspection page of 5,000 nodes and 50,000 leases", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it("is there soon, pages and searches soon, and shows a change soon", async () => {
    const large = largeLedger();
    const url = await serve(large.ledger);
    const took: Record<string, number> = {};
    async function timed(what: string, act: () => Promise<unknown>): Promise<void> {
      const beganAt = performance.now();
      await act();
      took[what] = Math.round(performance.now() - beganAt);
      expect(took[what], what).toBeLessThan(limitMs);
    }
    const heapBefore = process.memoryUsage().heapUsed;

    // A window that was opened before: what is measured is the page, not Chromium's start.
    const { page, wrong } = await visit(browser, `${url}metrics`);
    await timed("firstPaintMs", async () => {
      await page.goto(url);
      await page.getByRole("table", { name: "Pools" }).getByText("pool-9").waitFor();
    });
    await timed("paintAgainMs", async () => {
      await page.reload();
      await page.getByRole("table", { name: "Pools" }).getByText("pool-9").waitFor();
    });
    await timed("leasesMs", async () => {
      await page.getByRole("link", { name: "Leases", exact: true }).click();
      await page.getByRole("heading", { name: "Leases 50000" }).waitFor();
    });
    await timed("nextPageMs", async () => {
      await page.getByRole("link", { name: "Next" }).click();
      await page.getByText("51–100 of 50000").waitFor();
    });
    await timed("searchMs", async () => {
      await page.getByRole("searchbox").fill("web-4999-3");
      await page.getByRole("main").getByText("apps/web-4999-3").waitFor();
    });
    await picture(page, "large-search");
    await page.goto(`${url}#/nodes/node-7`);
    await page.getByRole("heading", { name: "Leases 10" }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await timed("changeMs", async () => {
      large.release(7);
      await page.getByRole("heading", { name: "Leases 9" }).waitFor();
    });
    const heapMb = Math.round((process.memoryUsage().heapUsed - heapBefore) / 1e6);
    process.stdout.write(`page, 5,000 nodes and 50,000 leases: ${JSON.stringify({ ...took, heapMb })}\n`);
    expect(wrong.filter((text) => !text.includes("404"))).toEqual([]); // metrics have no icon
  });
});
