import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { createMetrics } from "../../shared/metrics.ts";
import { buildApp, type AppOptions } from "../../webhook/app.ts";
import { readinessOf } from "../../webhook/readiness.ts";
import { fixtures } from "../support/admission-settings.ts";
import { appOptions } from "../support/webhook-app.ts";

const review = readFileSync(new URL("minimal/review.json", fixtures), "utf8");
let usual: AppOptions;
beforeAll(async () => {
  usual = await appOptions();
});

async function mutate(payload: string | Buffer, more: { type?: string; options?: Partial<AppOptions> } = {}) {
  const { fastify } = buildApp({ ...usual, ...more.options });
  const headers = { "content-type": more.type ?? "application/json" };
  const answer = await fastify.inject({ method: "POST", url: "/mutate?timeout=3s", headers, payload });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

describe("POST /mutate", () => {
  describe("when a pod asks for a pool", () => {
    it("answers its uid and a patch", async () => {
      const { status, body } = await mutate(review);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid: "0c5a3f7e-0000-4000-8000-000000000001", allowed: true, patchType: "JSONPatch" },
      });
    });
  });

  describe("when the review is bad", () => {
    const changed = (change: (value: Record<string, unknown>) => void) => {
      const value = JSON.parse(review) as Record<string, unknown>;
      change(value);
      return JSON.stringify(value);
    };
    it.each([
      ["empty", "", 400, /empty/],
      ["cut short", review.slice(0, 200), 400, /not JSON/],
      ["no review", "{}", 400, /apiVersion: saw nothing/],
      ["a list", "[]", 400, /saw a list/],
      ["null", "null", 400, /saw nothing/],
      [
        "of another version",
        changed((r) => (r["apiVersion"] = "admission.k8s.io/v1beta1")),
        400,
        /saw "admission.k8s.io\/v1beta1"/,
      ],
      ["of another kind", changed((r) => (r["kind"] = "Pod")), 400, /kind: saw "Pod"/],
      ["without a request", changed((r) => delete r["request"]), 400, /request: saw nothing/],
      [
        "without a uid",
        changed((r) => ((r["request"] as Record<string, unknown>)["uid"] = "")),
        400,
        /request.uid: saw ""/,
      ],
      ["poisoned with __proto__", review.replace('"dryRun"', '"__proto__": {"a": 1}, "dryRun"'), 400, /__proto__/],
      [
        "poisoned with a constructor",
        review.replace('"dryRun"', '"constructor": {"prototype": {}}, "dryRun"'),
        400,
        /__proto__/,
      ],
      ["ten megabytes", Buffer.alloc(10_000_000, 32), 413, /too large/],
    ])("answers 4xx when it is %s", async (_what, payload, status, message) => {
      const answer = await mutate(payload);
      expect(answer).toEqual({
        status,
        body: {
          code: "REVIEW_INVALID",
          message: expect.stringMatching(message),
          fix: expect.stringContaining("AdmissionReview"),
        },
      });
    });

    it("answers 415 to another content type", async () => {
      expect(await mutate(review, { type: "text/plain" })).toMatchObject({
        status: 415,
        body: { code: "REVIEW_INVALID" },
      });
    });
  });

  describe("when we fail ourselves", () => {
    it("answers 500 and never a refusal, and counts it", async () => {
      const metrics = createMetrics();
      const settings = () => {
        throw new Error("secret detail");
      };
      const { status, body } = await mutate(review, { options: { settings, metrics } });
      expect(status).toBe(500);
      expect(body).toEqual({
        code: "INTERNAL",
        message: "static-egress failed on this request",
        fix: expect.any(String),
      });
      expect(await metrics.registry.metrics()).toContain('admission_requests_total{outcome="fault"} 1');
    });
  });
});

describe("GET /readyz", () => {
  const facts = {
    nowMs: 1000,
    certificateEndsMs: 2000,
    pools: 1,
    poolsProblem: undefined,
    stopping: false,
    ledger: "reachable",
    controller: "standing by",
  };
  it.each([
    ["200 when certificate and pools are there", {}, 200],
    ["200 while the ledger is away, with the detail", { ledger: "unreachable: no route" }, 200],
    ["200 while the last good pools are in force, with the detail", { poolsProblem: "pools[0].name: ..." }, 200],
    ["503 when the certificate has ended", { nowMs: 2000 }, 503],
    ["503 when we stop", { stopping: true }, 503],
  ])("answers %s", async (_what, change, status) => {
    const readiness = readinessOf({ ...facts, ...change });
    const { fastify } = buildApp({ ...usual, readiness: () => readiness });
    const answer = await fastify.inject("/readyz");
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual(readiness);
  });
});

describe("any other path", () => {
  it("answers 404 and says what there is", async () => {
    const answer = await buildApp(usual).fastify.inject("/metrics");
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: "ROUTE_UNKNOWN" });
  });
});
