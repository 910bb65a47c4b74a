import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { print } from "../../cli/inspection/print.ts";
import { addresses, pools } from "../../cli/inspection/views.ts";
import type { AddressRow } from "../../shared/inspection/address-rows.ts";
import type { PoolRow } from "../../shared/inspection/pool-rows.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { controllerMetrics } from "../../webhook/controller-metrics.ts";
import { figuresOf } from "../../webhook/controller/metrics.ts";
import { createObserver } from "../../webhook/controller/observer.ts";
import { attach, claim, how, node, pool } from "../support/ledger-cases.ts";
import { timedMemoryLedger } from "../support/ledgers.ts";
import { openBrowser, serve, visit } from "./browser.ts";

/** An address in each state in the pool `partners`; the one of `full` is attached, and a pod waits for another. */
async function everyState(): Promise<Ledger> {
  const { ledger, beat } = await timedMemoryLedger();
  const address = (number: number) => ({ id: `a${number}`, ip: `203.0.113.${number}`, attachedTo: null });
  await beat();
  await ledger.putPools([pool({ lingerSeconds: 60 }), pool({ name: "full" })]);
  for (const name of ["n1", "n2", "n3", "n4", "n5", "n6"]) await ledger.putNode(node(name));
  await ledger.putInventory("partners", [1, 2, 3, 4, 5].map(address), await ledger.now());
  await ledger.putInventory("full", [address(9)], await ledger.now());
  await attach(ledger, "held", "n1");
  await attach(ledger, "goes", "n2");
  await ledger.drain("goes", { leaseMs: 60_000, graceMs: 30_000 });
  await attach(ledger, "gone", "n3");
  await ledger.release("gone", { mayWork: [] });
  await ledger.acquire(claim("new", "n4"), { ...how, mayWork: [] });
  await ledger.acquire(claim("first", "n5", { pool: "full" }), { ...how, mayWork: [] });
  await ledger.acquire(claim("second", "n6", { pool: "full" }), how);
  return ledger;
}

const expected = {
  addresses: [
    "full attaching 1",
    "partners attached 1",
    "partners attaching 1",
    "partners draining 1",
    "partners free 1",
    "partners lingering 1",
  ],
  exhausted: ["full"],
};

/** `<pool> <state> <how many>`, sorted. */
function counted(rows: readonly { readonly pool: string; readonly state: string }[]): string[] {
  const names = rows.map(({ pool, state }) => `${pool} ${state}`);
  return [...new Set(names)].map((name) => `${name} ${names.filter((each) => each === name).length}`).toSorted();
}

async function byCommandLine(ledger: Ledger): Promise<typeof expected> {
  const snapshot = await ledger.snapshot();
  const options = { format: "json", filter: {} } as const;
  const told = {
    ...(JSON.parse(print("addresses", addresses, snapshot, options)) as { addresses: AddressRow[] }),
    ...(JSON.parse(print("pools", pools, snapshot, options)) as { pools: PoolRow[] }),
  };
  return {
    addresses: counted(told.addresses),
    exhausted: told.pools.filter(({ exhausted }) => exhausted).map((row) => row.pool),
  };
}

async function byMetrics(ledger: Ledger): Promise<typeof expected> {
  const metrics = createMetrics();
  const recorded = controllerMetrics(metrics);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const observer = createObserver({
    ledger,
    nodes: { get: () => undefined },
    pods: { get: () => undefined },
    known: () => true,
    epoch: () => undefined,
    publisher: { publish: () => undefined },
    waits: () => undefined,
    metrics: recorded,
    troubles: { tell: () => undefined },
    signal: ending.signal,
  });
  observer.begin(await ledger.snapshot());
  recorded.figures(figuresOf(await ledger.figures()));
  const rows = async (name: "attachments" | "addresses" | "poolExhausted") =>
    (await metrics[name].get()).values.map(({ labels, value }) => ({ ...labels, value }) as Row);
  const free = (await rows("addresses")).filter(({ state, value }) => state === "free" && value > 0);
  const carried = (await rows("attachments")).filter(({ value }) => value > 0);
  return {
    addresses: [...carried, ...free].map(({ pool, state, value }) => `${pool} ${state} ${value}`).toSorted(),
    exhausted: (await rows("poolExhausted")).filter(({ value }) => value === 1).map((row) => row.pool),
  };
}

interface Row {
  readonly pool: string;
  readonly state: string;
  readonly value: number;
}

describe("the states of addresses", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function byPage(ledger: Ledger): Promise<typeof expected> {
    const { page } = await visit(browser, `${await serve(ledger)}#/addresses`);
    const table = page.getByRole("table", { name: "Addresses" });
    await table.waitFor();
    const cells = await table.locator("tbody tr").evaluateAll((rows) =>
      rows.map((row) => ({
        pool: row.querySelector("[data-label=Pool]")?.textContent ?? "",
        state: row.querySelector("[data-label=State]")?.textContent ?? "",
      })),
    );
    await page.getByRole("link", { name: "Pools" }).click();
    const exhausted = page.getByRole("table", { name: "Pools" }).locator("tbody tr", { hasText: "exhausted" });
    await exhausted.first().waitFor();
    const names = await exhausted.locator("[data-label=Pool] a").allTextContents();
    return { addresses: counted(cells), exhausted: names };
  }

  it("are the same by command line, page and metrics", async () => {
    const ledger = await everyState();
    expect(await byCommandLine(ledger)).toEqual(expected);
    expect(await byPage(ledger)).toEqual(expected);
    expect(await byMetrics(ledger)).toEqual(expected);
  });
});
