import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectedLedger } from "../support/inspection-scene.ts";
import { claim, how } from "../support/ledger-cases.ts";
import { openBrowser, picture, serve, visit } from "./browser.ts";

describe("the inspection page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function open(hash = "", options: Parameters<typeof visit>[2] = {}) {
    const { ledger } = await inspectedLedger();
    const url = await serve(ledger);
    return { ledger, ...(await visit(browser, `${url}${hash}`, options)) };
  }

  it("shows pools with their addresses by state, and who waits, why, and what to do", async () => {
    const { page, wrong } = await open();
    await page.getByText("live", { exact: true }).waitFor();
    const pool = page.getByRole("table", { name: "Pools" }).getByRole("row").nth(1);
    expect(await pool.innerText()).toMatch(/partners\s+exhausted/);
    expect(await pool.innerText()).toContain("1 attached, 1 draining");
    const waiting = page.getByRole("table", { name: "Waiting pods" }).getByRole("row").nth(1);
    expect(await waiting.innerText()).toMatch(/apps\/p3\s+partners\s+n3\s+#1/);
    expect(await waiting.innerText()).toContain("Reserve another address");
    await picture(page, "pools");
    expect(wrong).toEqual([]);
  });

  it("shows a change by itself", async () => {
    const { page, ledger, wrong } = await open();
    const waiting = page.getByRole("table", { name: "Waiting pods" });
    await waiting.getByText("apps/p3").waitFor();
    await ledger.acquire(claim("p4", "n3"), how);
    await waiting.getByText("apps/p4").waitFor();
    await ledger.release("p3", { mayWork: [] });
    await ledger.release("p4", { mayWork: [] });
    await ledger.acquire(claim("p5", "n1"), how);
    await page.getByText("No pod waits.").waitFor();
    expect(wrong).toEqual([]);
  });

  it.each([
    ["#/", "Pools"],
    ["#/pools/partners", "Pool partners exhausted"],
    ["#/addresses", "Addresses 2"],
    ["#/addresses/203.0.113.1", "Address 203.0.113.1"],
    ["#/nodes", "Nodes 3"],
    ["#/nodes/n2", "Node n2"],
    ["#/leases", "Leases 2"],
    ["#/waiting", "Waiting pods 1"],
    ["#/pods/apps/p3", "Pod apps/p3"],
    ["#/search/113.2", "Search: 113.2"],
  ])("%s leads straight to '%s'", async (hash, heading) => {
    const { page, wrong } = await open(hash);
    await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
    expect(wrong).toEqual([]);
  });

  it("says of a pod that nobody knows, and of a view that there is not, that it is not there", async () => {
    const { page } = await open("#/pods/apps/nobody");
    await page.getByText("no pod apps/nobody holds a lease or waits for one").waitFor();
    await page.evaluate(() => location.assign("#/nonsense"));
    await expect(page.getByText("There is no #/nonsense.").waitFor()).resolves.toBeUndefined();
  });

  it("tells who had an address when, live", async () => {
    const { page, ledger, wrong } = await open("#/addresses/203.0.113.1");
    const line = page.getByRole("table", { name: "Time line" }).getByRole("row").nth(1);
    await line.getByText("apps/p1").waitFor();
    expect(await line.innerText()).toMatch(/n1\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+now/);
    await ledger.acquire(claim("p8", "n1"), how);
    await line.getByText("apps/p8").waitFor();
    await picture(page, "time-line");
    expect(wrong).toEqual([]);
  });

  it("goes by the keyboard: a search from anywhere, on to what was found, and back", async () => {
    const { page, wrong } = await open();
    await page.getByText("live", { exact: true }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("apps/p1");
    await page.getByRole("heading", { name: "Search: apps/p1" }).waitFor();
    await page.getByRole("link", { name: "apps/p1" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Pod apps/p1" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
    await page.goBack();
    await page.getByRole("heading", { name: "Search: apps/p1" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Pools" }).waitFor();
    expect(wrong).toEqual([]);
  });

  it("keeps what has the focus while it draws anew", async () => {
    const { page, ledger } = await open();
    const link = page.getByRole("table", { name: "Pools" }).getByRole("link", { name: "partners" });
    await link.focus();
    await ledger.acquire(claim("p4", "n3"), how);
    await page.getByRole("table", { name: "Waiting pods" }).getByText("apps/p4").waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("partners");
  });

  it("makes nothing of a name but text", async () => {
    const { page, ledger, wrong } = await open("#/waiting");
    const name = `apps/<img src=x onerror="document.title='own'"><b>bold</b>`;
    await ledger.acquire(claim("p9", "n3", { pod: name }), how);
    await page.getByText(name).waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(wrong).toEqual([]);
  });

  it("asks nothing while nobody sees it, and shows what has changed once somebody does", async () => {
    const { page, ledger } = await open("#/leases");
    await page.getByText("live", { exact: true }).waitFor();
    const see = (hidden: boolean) =>
      page.evaluate((is) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: is });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await see(true);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await ledger.acquire(claim("p7", "n1"), how);
    await page.waitForTimeout(2500); // longer than a change takes to be shown
    expect(asked).toEqual([]);
    await see(false);
    await expect(page.getByRole("main").getByText("apps/p7").waitFor()).resolves.toBeUndefined();
  });

  it("says when it is not live, and is again by itself", async () => {
    const { page } = await open();
    await page.getByText("live", { exact: true }).waitFor();
    await page.context().setOffline(true);
    await page.evaluate(() => location.assign("#/nodes"));
    await page.getByText("The webhook does not answer.").waitFor();
    await page.context().setOffline(false);
    await page.evaluate(() => location.assign("#/leases"));
    await expect(page.getByRole("heading", { name: "Leases 2" }).waitFor()).resolves.toBeUndefined();
  });
});
