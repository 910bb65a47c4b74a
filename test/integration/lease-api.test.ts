import { request } from "node:https";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EgressError } from "../../shared/errors.ts";
import { openapi } from "../../shared/lease-api/openapi.ts";
import { operations } from "../../shared/lease-api/operations.ts";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { brokeredLeases } from "../../sidecar/broker.ts";
import { attach, claim, fillPartners } from "../support/ledger-cases.ts";
import { brokerScene, trusting, type BrokerScene } from "../support/lease-api/broker-scene.ts";
import { tokenOf } from "../support/lease-api/tokens.ts";
import { testCertificate } from "../support/webhook-app.ts";

let ledger: Ledger;
let scene: BrokerScene;

/** A ledger with pod-1 and pod-2 on n1, whose address is there. */
beforeEach(async () => {
  ledger = createMemoryLedger();
  await ledger.beat(null);
  await fillPartners(ledger);
  await attach(ledger, "pod-0", "n1");
  scene = await brokerScene(ledger);
});
afterEach(() => scene.close());

type Name = keyof typeof operations;
interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function ask(
  path: string,
  method: string,
  authorization: string | undefined,
  text: string | undefined,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) };
    const asked = request(`${scene.url}${path}`, { method, headers, ca: scene.ca, agent: false }, (response) => {
      let answer = "";
      response.on("data", (chunk) => (answer += String(chunk)));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer || "{}") as Record<string, unknown> }),
      );
    });
    asked.on("error", reject);
    asked.end(text);
  });
}
const call = (name: Name, authorization: string | undefined, body: unknown = {}) =>
  ask(operations[name].path, "POST", authorization, typeof body === "string" ? body : JSON.stringify(body));
const bearer = (podUid: string, node = "n1", more: object = {}) => `Bearer ${tokenOf({ podUid, node, ...more })}`;
const held = async () => (await ledger.snapshot()).leases.map(({ podUid, state }) => `${podUid} ${state}`);
async function acquired(podUid: string): Promise<string> {
  const { body } = await call("acquire", bearer(podUid), { pool: "partners" });
  return `Lease ${podUid}.${String(body["secret"])}`;
}

describe("lease API", () => {
  it("answers a secret, and of the pool only the pod's terms", async () => {
    const { status, body } = await call("acquire", bearer("pod-1"), { pool: "partners" });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "attached",
      ip: "203.0.113.1",
      fence: expect.any(String),
      expiresAtMs: expect.any(Number),
      pool: { name: "partners", waitSeconds: 300 },
      secret: expect.stringMatching(/^[-\w]{43}$/),
    });
  });

  it.each([
    ["ACCESS_DENIED", 403],
    ["ACCESS_UNCHECKED", 503],
  ] as const)(
    "asks for the right to use the pool before each acquire: %s is %i, and nothing is held",
    async (code, status) => {
      await scene.close();
      const asked: string[] = [];
      const authorize = async (...what: string[]) => {
        asked.push(what.join(" "));
        throw new EgressError(code, "made up");
      };
      scene = await brokerScene(ledger, { authorize });
      expect(await call("acquire", bearer("pod-1"), { pool: "partners" })).toMatchObject({ status, body: { code } });
      expect(asked).toEqual(["apps/default partners"]);
      expect(await held()).toEqual(["pod-0 held"]);
      expect((await ledger.snapshot()).waiters).toEqual([]);
    },
  );

  it("takes pod, node and account from the token, and no field of them in a body", async () => {
    for (const more of [
      { podUid: "pod-9" },
      { node: "n2" },
      { serviceAccount: "a/b" },
      { pod: "a/b" },
      { secretHash: "x" },
    ]) {
      const { status, body } = await call("acquire", bearer("pod-1"), { pool: "partners", ...more });
      expect({ status, code: body["code"] }).toEqual({ status: 400, code: "REQUEST_INVALID" });
    }
    await acquired("pod-1");
    expect((await ledger.snapshot()).leases[1]).toMatchObject({
      pod: "apps/pod-1",
      serviceAccount: "apps/default",
      node: "n1",
    });
  });

  it("does not believe a node of the token's name that is another one", async () => {
    await ledger.removeNode("n2");
    await ledger.putNode({
      name: "n2",
      uid: "another",
      cloud: "aws",
      region: "eu-west-1",
      machine: { id: "i-new", providerId: "aws:///eu-west-1a/i-new" },
      ready: true,
    });
    const { body } = await call("acquire", bearer("pod-3", "n2"), { pool: "partners" });
    expect(body).toMatchObject({ status: "waiting", reason: "node-unknown" });
  });

  describe("when who asks is not who it says", () => {
    it.each<[string, Name, string | undefined, number, string]>([
      ["no token", "acquire", undefined, 401, "TOKEN_MISSING"],
      ["a lease's secret where a token is asked for", "wait", `Lease pod-1.${"a".repeat(43)}`, 401, "TOKEN_MISSING"],
      [
        "a forged token",
        "acquire",
        `Bearer ${tokenOf({ podUid: "pod-1", node: "n1" }, "forged")}`,
        401,
        "TOKEN_REFUSED",
      ],
      ["an expired token", "wait", bearer("pod-1", "n1", { endsMs: 1000 }), 401, "TOKEN_REFUSED"],
      [
        "the API's own token",
        "acquire",
        bearer("pod-1", "n1", { audience: "kubernetes" }),
        403,
        "TOKEN_OTHER_AUDIENCE",
      ],
      ["nothing", "renew", undefined, 403, "LEASE_SECRET_WRONG"],
      ["a made-up secret", "drain", `Lease pod-0.${"a".repeat(43)}`, 403, "LEASE_SECRET_WRONG"],
      ["half a secret", "release", "Lease pod-0.", 403, "LEASE_SECRET_WRONG"],
      ["a token of no pod", "release", bearer(""), 403, "IDENTITY_INCOMPLETE"],
    ])("%s: refuses %s, counts it, changes nothing", async (_, name, authorization, status, code) => {
      const bodies = {
        acquire: { pool: "partners" },
        wait: { timeoutMs: 1 },
        renew: { note: null },
        drain: { graceMs: 0 },
        release: {},
        state: {},
      };
      const answer = await call(name, authorization, bodies[name]);
      expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status, code });
      expect(await scene.refusals()).toEqual({ [code]: 1 });
      expect(await held()).toEqual(["pod-0 held"]);
    });

    it("another pod's secret: refuses", async () => {
      const first = await acquired("pod-1");
      await acquired("pod-2");
      const forged = first.replace("pod-1", "pod-2");
      expect(await call("release", forged)).toMatchObject({ status: 403, body: { code: "LEASE_SECRET_WRONG" } });
      expect(await call("drain", forged, { graceMs: 0 })).toMatchObject({ status: 403 });
      expect(await call("renew", forged, { note: null })).toMatchObject({ status: 403 });
      expect(await held()).toEqual(["pod-0 held", "pod-1 held", "pod-2 held"]);
    });

    it("a release of a pod that is gone, again, when its successor has its name: harms nobody", async () => {
      const first = await acquired("pod-1");
      expect(await call("release", first)).toMatchObject({ status: 204 });
      await acquired("pod-2");
      expect(await call("release", first)).toMatchObject({ status: 204 });
      expect(await held()).toEqual(["pod-0 held", "pod-2 held"]);
    });

    it("the same by the gone pod's token: a lease is its pod's UID's, and not its name's", async () => {
      const name = "web-0";
      await call("acquire", bearer("pod-1", "n1", { name }), { pool: "partners" });
      await call("release", bearer("pod-1", "n1", { name }));
      await call("acquire", bearer("pod-2", "n1", { name }), { pool: "partners" });
      expect(await call("release", bearer("pod-1", "n1", { name }))).toMatchObject({ status: 204 });
      expect(await held()).toEqual(["pod-0 held", "pod-2 held"]);
    });

    it("a secret from before the last acquire: refuses", async () => {
      const before = await acquired("pod-1");
      const now = await acquired("pod-1");
      expect(await call("renew", before, { note: null })).toMatchObject({ status: 403 });
      expect(await call("renew", now, { note: null })).toMatchObject({ status: 200, body: { status: "renewed" } });
    });
  });

  it("tells a pod what there is of it, and of no other", async () => {
    expect((await call("state", bearer("pod-1"))).body).toEqual({ state: "none", ip: null });
    const lease = await acquired("pod-1");
    expect((await call("state", bearer("pod-1"))).body).toEqual({
      state: "held",
      pool: "partners",
      ip: "203.0.113.1",
      expiresAtMs: expect.any(Number),
    });
    await call("acquire", bearer("pod-2"), { pool: "nobodys" });
    expect((await call("state", bearer("pod-2"))).body).toMatchObject({ state: "waiting", reason: "pool-unknown" });
    expect(await call("state", lease)).toMatchObject({ status: 401, body: { code: "TOKEN_MISSING" } });
  });

  it("renews by the secret when the token works no more", async () => {
    const lease = await acquired("pod-1");
    expect(await call("renew", lease, { note: null })).toMatchObject({ status: 200, body: { ip: "203.0.113.1" } });
    expect(await call("drain", lease, { graceMs: 1000 })).toMatchObject({ status: 204 });
    expect(await held()).toContain("pod-1 draining");
  });

  it("does not know a lease that the controller has restored: its sidecar acquires it again", async () => {
    const lease = await acquired("pod-1");
    await ledger.release("pod-1", { mayWork: [] });
    await ledger.acquire(claim("pod-1", "n1"), { leaseMs: 60_000, mayWork: [], running: true });
    expect(await call("renew", lease, { note: null })).toMatchObject({ status: 200, body: { status: "unknown" } });
  });

  it.each([
    ["no JSON", "{", 400],
    ["a prototype's key", '{"__proto__":{"pool":"partners"}}', 400],
    ["no pool", "{}", 400],
    ["a pool that is no name", '{"pool":"../etc"}', 400],
    ["a long pool", JSON.stringify({ pool: "a".repeat(64) }), 400],
    ["a long note", JSON.stringify({ pool: "partners", note: { kind: "proceeding", detail: "x".repeat(501) } }), 400],
    ["more than 16 KiB", JSON.stringify({ pool: "partners", more: "x".repeat(20_000) }), 413],
  ])("refuses a body of %s", async (_, text, status) => {
    const answer = await call("acquire", bearer("pod-1"), text);
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status, code: "REQUEST_INVALID" });
  });

  it("says that the ledger is away, and nothing of where it is", async () => {
    ledger.acquire = () => Promise.reject(new EgressError("LEDGER_UNREACHABLE", "redis://:PLANTED@redis:6379"));
    const { status, body } = await call("acquire", bearer("pod-1"), { pool: "partners" });
    expect({ status, code: body["code"] }).toEqual({ status: 503, code: "LEDGER_UNREACHABLE" });
    ledger.renew = () => Promise.reject(new Error("PLANTED"));
    const broken = await call("renew", bearer("pod-1"), { note: null });
    expect(broken).toMatchObject({ status: 500, body: { code: "INTERNAL" } });
    expect(JSON.stringify(broken)).not.toContain("PLANTED");
    expect(JSON.stringify(body)).not.toContain("PLANTED");
  });

  describe("when somebody calls too often", () => {
    beforeEach(async () => {
      await scene.close();
      scene = await brokerScene(ledger, { callLimit: { most: 3, windowMs: 600_000 } });
    });
    const statuses = async (times: number, one: () => Promise<Answered>) => {
      const seen: number[] = [];
      for (let time = 0; time < times; time++) seen.push((await one()).status);
      return seen;
    };

    it("refuses that pod, says so, counts it, and serves the others", async () => {
      const acquire = (podUid: string) => call("acquire", bearer(podUid), { pool: "partners" });
      expect(await statuses(5, () => acquire("pod-1"))).toEqual([200, 200, 200, 429, 429]);
      expect(await acquire("pod-1")).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
      expect(await scene.refusals()).toEqual({ RATE_LIMITED: 3 });
      expect(await acquire("pod-2")).toMatchObject({ status: 200 });
    });

    it("lets a pod that has acquired too often still release", async () => {
      const leases = await scene.leasesOf("pod-1", "n1");
      for (let time = 0; time < 3; time++) await leases.acquire(claim("pod-1", "n1"));
      await expect(leases.acquire(claim("pod-1", "n1"))).rejects.toMatchObject({ code: "RATE_LIMITED" });
      await leases.release("pod-1", 1000);
      expect(await held()).toEqual(["pod-0 held"]);
    });

    it("does not count wrong secrets with the pod that they name", async () => {
      const lease = await acquired("pod-1");
      const wrong = `Lease pod-1.${"a".repeat(43)}`;
      expect(await statuses(4, () => call("renew", wrong, { note: null }))).toEqual([403, 403, 403, 429]);
      expect(await statuses(4, () => call("renew", lease, { note: null }))).toEqual([200, 200, 200, 429]);
    });

    it("has a sidecar renew again later, without acquiring", async () => {
      const leases = await scene.leasesOf("pod-1", "n1");
      await leases.acquire(claim("pod-1", "n1"));
      for (let time = 0; time < 3; time++) await leases.renew("pod-1", null);
      await expect(leases.renew("pod-1", null)).rejects.toMatchObject({ code: "RATE_LIMITED" });
    });
  });

  it("writes neither tokens nor secrets into its log", async () => {
    const lease = await acquired("pod-1");
    await call("renew", lease, { note: null });
    await call("renew", `${lease.slice(0, -1)}!`, { note: null });
    await call("release", lease);
    const secret = lease.split(".")[1] ?? "";
    expect(scene.logged()).toContain("lease request refused");
    expect(scene.logged()).not.toContain(secret);
    expect(scene.logged()).not.toContain(tokenOf({ podUid: "pod-1", node: "n1" }).split(".")[1]?.slice(0, 40));
  });

  it("takes no lease for a sidecar that has gone while its token was reviewed: its release has come first", async () => {
    const acquires: string[] = [];
    const acquire = ledger.acquire.bind(ledger);
    ledger.acquire = async (claimed, how) => {
      acquires.push(claimed.podUid);
      return acquire(claimed, how);
    };
    const leases = await scene.leasesOf("pod-1", "n1");
    await leases.acquire(claim("pod-1", "n1"));
    let goOn = (): void => undefined;
    scene.slowReviews(new Promise((resolve) => (goOn = resolve)));
    const going = new AbortController();
    const asked = leases.acquire(claim("pod-1", "n1"), going.signal);
    await expect.poll(() => scene.reviewing()).toBe(1);
    going.abort();
    await expect(asked).rejects.toThrow("aborted");
    await leases.release("pod-1", 1000); // by its secret
    await expect.poll(() => scene.open()).toBe(1);
    goOn();
    scene.slowReviews(Promise.resolve());
    await call("wait", bearer("pod-2"), { timeoutMs: 1 }); // later than what was held up
    expect(acquires).toEqual(["pod-1"]);
    expect(await held()).toEqual(["pod-0 held"]);
  });

  it("lets who waits go when it stops", async () => {
    const startedAt = performance.now();
    const waiting = call("wait", bearer("pod-3", "n2"), { timeoutMs: 30_000 });
    await expect.poll(() => scene.waiting()).toBe(1);
    await scene.close();
    expect(await waiting).toMatchObject({ status: 204 });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    scene = await brokerScene(ledger);
  });

  it("serves its description: OpenAPI 3.1, each call with its body and who may make it", async () => {
    const { status, body } = await ask("/v1/openapi.json", "GET", undefined, undefined);
    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(openapi)));
    expect(body).toMatchObject({
      openapi: "3.1.0",
      paths: {
        "/v1/lease/acquire": {
          post: {
            security: [{ token: [] }],
            requestBody: {
              content: { "application/json": { schema: { required: ["pool"], additionalProperties: false } } },
            },
          },
        },
        "/v1/lease/release": { post: { security: [{ lease: [] }, { token: [] }], responses: { 204: {}, 403: {} } } },
      },
    });
    expect(Object.keys(body["paths"] as object)).toEqual(Object.values(operations).map(({ path }) => path));
  });
});

describe("brokeredLeases", () => {
  it("does not speak to a webhook of another CA, and says so; then believes a CA that was renewed", async () => {
    let ca = (await testCertificate()).ca;
    const tokenFile = await scene.tokenFile("pod-1", "n1");
    const leases = brokeredLeases({
      url: scene.url,
      ca: { ...trusting(""), current: () => ca },
      tokenFile,
    });
    await expect(leases.acquire(claim("pod-1", "n1"))).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
    ca = scene.ca;
    expect(await leases.acquire(claim("pod-1", "n1"))).toMatchObject({ status: "attached" });
    await leases.close();
  });

  it("learns of a renewed CA when it asks for a lease: one that waits renews nothing", async () => {
    const ca = trusting(scene.ca);
    const leases = brokeredLeases({ url: scene.url, ca, tokenFile: await scene.tokenFile("pod-1", "n1") });
    const both = `${(await testCertificate()).ca}${scene.ca}`;
    scene.trust(both);
    expect(await leases.acquire(claim("pod-1", "n1"))).not.toHaveProperty("ca");
    await leases.acquire(claim("pod-1", "n1"));
    expect(ca.replaced).toEqual([both]);
    await leases.close();
  });

  it("learns of a renewed CA with a renewal, and only then", async () => {
    const tokenFile = await scene.tokenFile("pod-1", "n1");
    const ca = trusting(scene.ca);
    const leases = brokeredLeases({ url: scene.url, ca, tokenFile });
    await leases.acquire(claim("pod-1", "n1"));
    expect(await leases.renew("pod-1", null)).toEqual({
      status: "renewed",
      ip: "203.0.113.1",
      expiresAtMs: expect.any(Number),
      late: false,
    });
    expect(ca.replaced).toEqual([]);
    const both = `${(await testCertificate()).ca}${scene.ca}`;
    scene.trust(both);
    expect(Object.keys(await leases.renew("pod-1", null)).toSorted()).toEqual(["expiresAtMs", "ip", "late", "status"]);
    await leases.renew("pod-1", null);
    expect(ca.replaced).toEqual([both]);
    await leases.close();
  });

  it("is told no CA where the webhook does not know its own", async () => {
    scene.trust("");
    const lease = await acquired("pod-1");
    const { body } = await call("renew", lease, { note: null, trusts: "another" });
    expect(body).toMatchObject({ status: "renewed" });
    expect(body).not.toHaveProperty("ca");
  });

  it("says the webhook's own code when it is refused", async () => {
    const tokenFile = await scene.tokenFile("pod-1", "n1", tokenOf({ podUid: "pod-1", node: "n1" }, "forged"));
    const leases = brokeredLeases({ url: scene.url, ca: trusting(scene.ca), tokenFile });
    await expect(leases.acquire(claim("pod-1", "n1"))).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
    await leases.close();
  });

  it("waits by the clock alone when a wait is refused", async () => {
    const tokenFile = await scene.tokenFile("pod-1", "n1", "forged");
    const leases = brokeredLeases({ url: scene.url, ca: trusting(scene.ca), tokenFile });
    const startedAt = performance.now();
    await leases.woken("pod-1", 400);
    expect(performance.now() - startedAt).toBeGreaterThan(390);
    await leases.close();
  });

  it("renews with an old token's secret, and acquires again when another has replaced it", async () => {
    const leases = await scene.leasesOf("pod-1", "n1");
    await leases.acquire(claim("pod-1", "n1"));
    await acquired("pod-1");
    expect(await leases.renew("pod-1", null)).toEqual({ status: "unknown" });
    await leases.release("pod-1", 1000); // the token says who it is
    expect(await held()).toEqual(["pod-0 held"]);
  });

  it("uses one connection for one call after the other", async () => {
    const leases = await scene.leasesOf("pod-1", "n1");
    await leases.acquire(claim("pod-1", "n1"));
    for (let call = 0; call < 20; call++) await leases.renew("pod-1", null);
    expect(scene.connections()).toBe(1);
  });
});
