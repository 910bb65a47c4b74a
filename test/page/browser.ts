import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { buildPage } from "../../build/page.mjs";
import type { InspectionOptions } from "../../webhook/inspection/routes.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { createAccess } from "../../webhook/inspection/access.ts";
import { buildMetricsApp } from "../../webhook/metrics-app.ts";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const switches = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];

/** A real Chromium, without a window; where there is none the tests fail. Whoever gets it closes it. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...switches, "--disable-component-update", "--disable-sync"] });

const page = await buildPage(fileURLToPath(new URL("../../webhook/inspection/page/index.html", import.meta.url)));

/** Serves the inspection over the ledger; answers the page's URL. Gone when the test ends. */
export async function serve(ledger: InspectionOptions["ledger"]): Promise<string> {
  const access = createAccess(undefined);
  const inspection = { ledger, access, page, clock: Date.now, log: pino({ level: "silent" }) };
  const app = buildMetricsApp({ metrics: createMetrics(), inspection });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`;
}

export interface Visit {
  readonly page: Page;
  /** What went wrong in the page: errors, refusals of its policy, requests that failed or went elsewhere. */
  readonly wrong: readonly string[];
}

/** Opens the URL in a window of its own. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
  onTestFinished(() => context.close());
  const opened = await context.newPage();
  const wrong: string[] = [];
  opened.on("pageerror", (error) => wrong.push(error.message));
  opened.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  opened.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== "data:") wrong.push(`asked ${request.url()}`);
  });
  await opened.goto(url);
  return { page: opened, wrong };
}

const folder = process.env["PAGE_ARTIFACTS"] ?? "artifacts/page";

/** Keeps a picture among the artifacts. */
export async function picture(opened: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await opened.screenshot({ path: `${folder}/${name}.png` });
}
