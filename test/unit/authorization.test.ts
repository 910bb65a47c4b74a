import type { V1SubjectAccessReview } from "@kubernetes/client-node";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../webhook/app.ts";
import { authorizeBy } from "../../webhook/authorization/authorize.ts";
import { reviewAccess, type MayUse } from "../../webhook/authorization/review-access.ts";
import { fixtures } from "../support/admission-settings.ts";
import { pool } from "../support/ledger-cases.ts";
import { appOptions } from "../support/webhook-app.ts";

function scene(answer: () => Promise<V1SubjectAccessReview["status"]>) {
  let now = 1_700_000_000_000;
  const asked: V1SubjectAccessReview[] = [];
  const client = {
    async createSubjectAccessReview({ body }: { body: V1SubjectAccessReview }) {
      asked.push(body);
      const status = await answer();
      return { spec: body.spec, ...(status && { status }) };
    },
  };
  const mayUse = reviewAccess({ client, clock: () => now, patienceMs: 50 });
  return { mayUse, asked, pass: (ms: number) => void (now += ms) };
}
const says = (allowed: boolean) => () => Promise.resolve({ allowed });

describe("reviewAccess", () => {
  it("asks for the verb use on the pool's resource, by the service account with its groups", async () => {
    const { mayUse, asked } = scene(says(true));
    expect(await mayUse("payments/biller", "partners")).toBe(true);
    expect(asked.map(({ spec }) => spec)).toEqual([
      {
        user: "system:serviceaccount:payments:biller",
        groups: ["system:serviceaccounts", "system:serviceaccounts:payments", "system:authenticated"],
        resourceAttributes: { verb: "use", group: "static-egress.io", resource: "egresspools", name: "partners" },
      },
    ]);
  });

  it.each([
    ["no", says(false)],
    ["denied", () => Promise.resolve({ allowed: true, denied: true })],
    ["nothing", () => Promise.resolve(undefined)],
  ])("takes '%s' for no", async (_, answer) => {
    expect(await scene(answer).mayUse("payments/biller", "partners")).toBe(false);
  });

  it("remembers an answer for 10 s, of each account and pool, and asks once for many at a time", async () => {
    const { mayUse, asked, pass } = scene(says(true));
    await Promise.all([1, 2, 3].map(() => mayUse("payments/biller", "partners")));
    expect(asked).toHaveLength(1);
    await mayUse("payments/biller", "internal");
    await mayUse("payments/other", "partners");
    expect(asked).toHaveLength(3);
    pass(10_000);
    await mayUse("payments/biller", "partners");
    expect(asked).toHaveLength(4);
  });

  it.each([
    ["an error", () => Promise.reject(new Error("connection refused"))],
    ["no answer", () => new Promise<undefined>(() => undefined)],
  ])("rejects on %s, and asks again", async (_, answer) => {
    const { mayUse, asked } = scene(answer);
    for (const times of [1, 2]) {
      await expect(mayUse("payments/biller", "partners")).rejects.toMatchObject({ code: "ACCESS_UNCHECKED" });
      expect(asked).toHaveLength(times);
    }
  });
});

describe("authorizeBy", () => {
  const of = (mayUse: MayUse | undefined, more: Record<string, unknown>) =>
    authorizeBy(mayUse, { current: () => [pool(more)] });

  it("asks nobody for a pool that does not say so", async () => {
    await expect(of(undefined, {})("payments/biller", "partners")).resolves.toBeUndefined();
  });

  it.each([
    ["goes by a yes", () => Promise.resolve(true), undefined],
    ["refuses by a no", () => Promise.resolve(false), "ACCESS_DENIED"],
    ["refuses where there is nobody to ask", undefined, "ACCESS_UNCHECKED"],
  ])("%s", async (_, mayUse, code) => {
    const seen = await of(mayUse, { authorize: "rbac" })("payments/biller", "partners").catch(
      (error: unknown) => error,
    );
    expect((seen as { code?: string } | undefined)?.code).toBe(code);
  });
});

describe("POST /mutate for a pool that says authorize: rbac", () => {
  const payload = readFileSync(new URL("pool-rbac-granted/review.json", fixtures));
  async function answered(mayUse?: MayUse) {
    const { fastify } = buildApp(await appOptions(mayUse && { mayUse }));
    const headers = { "content-type": "application/json" };
    const answer = await fastify.inject({ method: "POST", url: "/mutate", headers, payload });
    const { response } = answer.json<{ response: { allowed: boolean; status?: { message: string } } }>();
    return `${answer.statusCode} ${response.allowed} ${response.status?.message ?? ""}`;
  }

  it.each([
    ["admits by a yes", () => Promise.resolve(true), /^200 true/],
    ["refuses by a no", () => Promise.resolve(false), /^200 false .*needs a right that .* does not have/],
    ["refuses where there is nobody to ask", undefined, /^200 false .*could not be checked/],
    [
      "refuses without an answer",
      scene(() => Promise.reject(new Error("no"))).mayUse,
      /^200 false .*could not be checked/,
    ],
  ])("%s", async (_, mayUse, expected) => {
    expect(await answered(mayUse)).toMatch(expected);
  });

  it("asks for the account of the pod", async () => {
    const asked: string[] = [];
    await answered(async (...who) => asked.push(who.join(" ")) > 0);
    expect(asked).toEqual(["default/default vault"]);
  });
});
