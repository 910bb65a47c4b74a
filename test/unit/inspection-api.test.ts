import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { EgressError } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { createAccess, type ReviewVisitor } from "../../webhook/inspection/access.ts";
import {
  addressHistory,
  addressList,
  nodeList,
  podList,
  podStory,
  poolList,
} from "../../webhook/inspection/schemas.ts";
import { buildMetricsApp } from "../../webhook/metrics-app.ts";
import { inspectedLedger } from "../support/inspection-scene.ts";

const open = async (review?: ReviewVisitor) => (await openWithLedger(review)).ask;

async function openWithLedger(review?: ReviewVisitor, more: Partial<Ledger> = {}) {
  const ledger = { ...(await inspectedLedger()).ledger, ...more };
  const access = createAccess(review);
  const page = "<style>a</style><script>b</script>";
  const inspection = { ledger, access, page, clock: Date.now, log: pino({ level: "silent" }) };
  const app = buildMetricsApp({ metrics: createMetrics(), inspection });
  onTestFinished(() => app.close());
  const ask = async (url: string, more: { remoteAddress?: string; headers?: Record<string, string> } = {}) => {
    const { host = "localhost:9090", ...headers } = more.headers ?? {};
    const reply = await app.inject({ url, remoteAddress: "127.0.0.1", ...more, headers: { host, ...headers } });
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: reply.body.startsWith("<") ? reply.body : (JSON.parse(reply.body || "null") as unknown),
    };
  };
  return { ask, ledger };
}

describe("inspection API", () => {
  it("GET / is the page, with a policy that lets nothing run but its own parts", async () => {
    const { headers } = await (await open())("/");
    const policy = String(headers["content-security-policy"]).split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it("GET /api/pools", async () => {
    const ask = await open();
    const { rows } = poolList.parse((await ask("/api/pools")).body);
    const counts = { total: 2, free: 0, attached: 1, draining: 1, lingering: 0, attaching: 0 };
    expect(rows).toMatchObject([{ pool: "partners", ...counts, leases: 2, waiting: 1, exhausted: true }]);
  });

  it("GET /api/addresses", async () => {
    const ask = await open();
    const { rows } = addressList.parse((await ask("/api/addresses?pool=partners")).body);
    expect(rows.map(({ ip, state, node }) => [ip, state, node])).toEqual([
      ["203.0.113.1", "attached", "n1"],
      ["203.0.113.2", "draining", "n2"],
    ]);
  });

  it("GET /api/nodes finds by name and address, and answers the part that is asked for", async () => {
    const ask = await open();
    const all = nodeList.parse((await ask("/api/nodes?limit=1&offset=1")).body);
    expect([all.total, all.rows.map(({ node }) => node)]).toEqual([3, ["n2"]]);
    const found = nodeList.parse((await ask("/api/nodes?search=113.2")).body);
    expect(found.rows.map(({ node }) => node)).toEqual(["n2"]);
  });

  it("GET /api/nodes finds a node that has gone by its own name", async () => {
    const { ask, ledger } = await openWithLedger();
    await ledger.removeNode("n2");
    const { rows } = nodeList.parse((await ask("/api/nodes?node=n2")).body);
    expect(rows.map(({ node, address }) => [node, address])).toEqual([["n2 (gone)", "203.0.113.2"]]);
  });

  it("GET /api/leases and /api/waiting, with what to do", async () => {
    const ask = await open();
    const leases = podList.parse((await ask("/api/leases?namespace=apps")).body);
    expect(leases.rows.map(({ podUid, state }) => [podUid, state])).toEqual([
      ["p1", "held"],
      ["p2", "draining"],
    ]);
    expect(podList.parse((await ask("/api/leases?namespace=app")).body).total).toBe(0);
    const waiting = podList.parse((await ask("/api/waiting")).body);
    expect(waiting.rows).toMatchObject([{ pod: "apps/p3", position: 1, reason: "exhausted" }]);
    expect(waiting.rows[0]?.todo).toMatch(/^Reserve another address/);
  });

  it("GET /api/pods/NAMESPACE/NAME", async () => {
    const ask = await open();
    const story = podStory.parse((await ask("/api/pods/apps/p1")).body);
    expect(story.rows).toMatchObject([
      { address: "203.0.113.1", nodeRow: { node: "n1" }, poolRow: { pool: "partners" } },
    ]);
    expect(story.rows[0]?.expiresAtMs).toBeGreaterThan(story.nowMs);
    expect(await ask("/api/pods/apps/nobody")).toMatchObject({ status: 404, body: { code: "POD_UNKNOWN" } });
  });

  it("GET /api/addresses/IP/history", async () => {
    const ask = await open();
    const { spans, sinceMs } = addressHistory.parse((await ask("/api/addresses/203.0.113.2/history")).body);
    expect(spans).toMatchObject([{ node: "n2", toMs: null, pods: [{ pod: "apps/p2", toMs: null }] }]);
    expect(sinceMs).toBeLessThanOrEqual(spans?.[0]?.attachedMs ?? 0);
    expect(addressHistory.parse((await ask("/api/addresses/nowhere/history")).body).spans).toEqual([]);
  });

  it("GET /api/pods/NAMESPACE/NAME tells the steps, of a pod that has gone, too", async () => {
    const { ask, ledger } = await openWithLedger();
    await ledger.release("p1", { mayWork: [] });
    const story = podStory.parse((await ask("/api/pods/apps/p1")).body);
    expect([story.rows, story.steps?.map(({ kind }) => kind)]).toEqual([
      [],
      ["leased", "attaching", "attached", "released"],
    ]);
  });

  it("tells no history, and all else, where the ledger's user may not read it", async () => {
    const history = () => Promise.reject(new EgressError("LEDGER_DENIED", "no xrange"));
    const { ask } = await openWithLedger(undefined, { history });
    expect(podStory.parse((await ask("/api/pods/apps/p1")).body)).toMatchObject({
      steps: null,
      rows: [{ podUid: "p1" }],
    });
    expect(addressHistory.parse((await ask("/api/addresses/203.0.113.2/history")).body).spans).toBeNull();
  });

  it.each([
    ["/api/nodes?limit=501", 400, "REQUEST_INVALID"],
    ["/api/nodes?limit=x&ofset=1", 400, "REQUEST_INVALID"],
    ["/api/nothing", 404, "ROUTE_UNKNOWN"],
  ])("%s: %d", async (url, status, code) => {
    const ask = await open();
    expect(await ask(url)).toMatchObject({ status, body: { code } });
  });
});

describe("access to the inspection", () => {
  const review: ReviewVisitor = async (token) => (token === "ops" ? "yes" : token === "dev" ? "no" : "unknown token");
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const pod = "10.0.0.7";

  it.each([
    ["from this machine", {}, 200],
    ["from this machine, over IPv6", { remoteAddress: "::ffff:127.0.0.1", headers: { host: "[::1]:9090" } }, 200],
    ["a page of another name that was turned to this machine", { headers: { host: "evil.example:9090" } }, 401],
    ["forwarded by a proxy on this machine", { headers: { "x-forwarded-for": pod } }, 401],
    ["from elsewhere", { remoteAddress: pod }, 401],
    ["from elsewhere that calls itself localhost", { remoteAddress: pod, headers: { host: "localhost" } }, 401],
    ["with an unknown token", { remoteAddress: pod, headers: bearer("nobody") }, 401],
    ["with a token that may not", { remoteAddress: pod, headers: bearer("dev") }, 403],
    ["with a token that may", { remoteAddress: pod, headers: bearer("ops") }, 200],
  ])("%s: %d", async (_, more, status) => {
    const ask = await open(review);
    for (const url of ["/api/pools", "/api/nodes", "/api/pods/apps/p1"]) {
      expect((await ask(url, more)).status, url).toBe(status);
    }
  });

  it("asks for a token before anything else", async () => {
    const ask = await open(review);
    expect((await ask("/api/nothing?x=1", { remoteAddress: pod })).status).toBe(401);
    expect((await ask("/api/events", { remoteAddress: pod })).status).toBe(401);
  });

  it("without a cluster nobody has a token", async () => {
    const ask = await open();
    expect((await ask("/api/pools", { remoteAddress: pod, headers: bearer("ops") })).status).toBe(401);
  });

  it("is not asked for metrics", async () => {
    const app = buildMetricsApp({ metrics: createMetrics() });
    expect((await app.inject({ url: "/metrics", remoteAddress: pod })).statusCode).toBe(200);
    expect((await app.inject({ url: "/api/pools" })).statusCode).toBe(404);
  });
});
