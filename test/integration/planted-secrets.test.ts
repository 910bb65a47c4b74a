import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeApiServer } from "../support/cluster/fake-api-server.ts";
import { emptyCluster } from "../support/cluster/empty-cluster.ts";
import { tokenOf } from "../support/lease-api/tokens.ts";
import { clientAt } from "../support/own-redis.ts";
import { freePort, redisProgram, startRedis } from "../support/redis.ts";
import { testCertificate } from "../support/webhook-app.ts";
import { buildPrograms } from "./demo-build.ts";

const planted = (what: string): string => `PLANTED${what}${randomBytes(12).toString("hex")}`;
const password = planted("redis");
const wrongPassword = planted("wrong");
const aws = {
  AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
  AWS_SECRET_ACCESS_KEY: planted("aws"),
  AWS_SESSION_TOKEN: planted("sts"),
};
const gcpKey = `-----BEGIN PRIVATE KEY-----\n${planted("gcp")}\n-----END PRIVATE KEY-----\n`;
const podToken = tokenOf({ podUid: "pod-1", node: "n1" });
const forged = tokenOf({ podUid: "pod-2", node: "n1" }, planted("forged"));
const soon = { timeout: 60_000, interval: 50 };

const pools = `pools:
  - { name: aws, cloud: aws, region: eu-west-1, select: { tags: { a: b } } }
  - { name: gcp, cloud: gcp, project: p, region: europe-west1, select: { tags: { a: b } } }`;

describe.skipIf(redisProgram() === undefined)("secrets, in processes that succeed and that fail", () => {
  const ends: (() => unknown)[] = [];
  /** What must not be seen, and all that was. */
  const secrets = new Map<string, string>();
  const seen = new Map<string, string>();
  const see = (where: string, text: string): void => void seen.set(where, (seen.get(where) ?? "") + text);
  let build: string;
  let folder: string;

  async function file(name: string, text: string): Promise<string> {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  }
  function run(name: string, program: string, env: Record<string, string>, args: readonly string[] = []) {
    const child = spawn(process.execPath, [join(build, program), ...args], { env });
    ends.push(() => child.kill("SIGKILL"));
    see(`${name}: arguments`, existsSync("/proc") ? readFileSync(`/proc/${child.pid}/cmdline`, "latin1") : "");
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => see(name, String(chunk)));
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const says = async (text: string): Promise<void> =>
      await expect.poll(() => seen.get(name) ?? "", soon).toContain(text);
    return { child, ended, says };
  }
  function ask(url: string, ca: string, authorization?: string, body?: object): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
      const asked = request(url, { method: body ? "POST" : "GET", headers, ca, agent: false }, (response) => {
        let text = JSON.stringify(response.headers);
        response.on("data", (chunk) => (text += String(chunk)));
        response.on("end", () => resolve(text));
      });
      asked.on("error", reject).end(body && JSON.stringify(body));
    });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "static-egress-secrets-"));
    build = await buildPrograms("webhook", "sidecar", "cli");
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
    await rm(folder, { recursive: true });
  });

  it("are in no output, metric, answer or argument", { timeout: 180_000 }, async () => {
    const redis = await startRedis();
    if (redis === undefined) throw new Error("no Redis program");
    ends.push(() => redis.stop());
    await clientAt(redis.url).config("SET", "requirepass", password);
    const redisAs = (secret: string) => redis.url.replace("redis://", `redis://:${secret}@`);
    const certificate = await testCertificate();
    const key = { type: "service_account", project_id: "p", client_email: "a@b.c", private_key: gcpKey };
    const apiServer = await fakeApiServer(emptyCluster());
    ends.push(() => apiServer.close());
    const [port, metricsPort, closed] = [await freePort(), await freePort(), await freePort()];
    const url = `https://localhost:${port}`;
    const common = { STATIC_EGRESS_LOG_LEVEL: "trace", ...aws, AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${closed}` };

    const webhook = run("webhook", "dist/webhook/main.js", {
      ...common,
      KUBECONFIG: await file("kubeconfig.json", apiServer.config.exportConfig()),
      REDIS_URL: redisAs(password),
      GOOGLE_APPLICATION_CREDENTIALS: await file("gcp.json", JSON.stringify(key)),
      STATIC_EGRESS_SIDECAR_IMAGE: "sidecar",
      STATIC_EGRESS_POOLS_FILE: await file("pools.yaml", pools),
      STATIC_EGRESS_TLS_CERT_FILE: await file("tls.crt", certificate.cert),
      STATIC_EGRESS_TLS_KEY_FILE: await file("tls.key", certificate.key),
      STATIC_EGRESS_TLS_CA_FILE: await file("ca.crt", certificate.ca),
      STATIC_EGRESS_LISTEN_PORT: String(port),
      STATIC_EGRESS_METRICS_PORT: String(metricsPort),
    });
    await webhook.says('"serving"');
    const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    // The controller leads, and reads both clouds with their keys, in vain.
    for (const pool of ["aws", "gcp"])
      await expect.poll(metrics, soon).toMatch(new RegExp(`inventory_reads_total{pool="${pool}",code="(?!ok)`));

    const answer = await ask(`${url}/v1/lease/acquire`, certificate.ca, `Bearer ${podToken}`, { pool: "aws" });
    const leaseSecret = /"secret":"([-\w]{43})"/.exec(answer)?.[1] ?? "";
    const sidecar = (name: string, podUid: string, more: Record<string, string>) =>
      run(name, "dist/sidecar/main.cjs", {
        ...common,
        STATIC_EGRESS_POOL: "aws",
        STATIC_EGRESS_POD_UID: podUid,
        STATIC_EGRESS_POD_NAME: podUid,
        STATIC_EGRESS_POD_NAMESPACE: "apps",
        STATIC_EGRESS_NODE_NAME: "n1",
        STATIC_EGRESS_SERVICE_ACCOUNT: "default",
        STATIC_EGRESS_RUN_DIR: join(folder, name),
        ...more,
      });
    const broker = { STATIC_EGRESS_BROKER_URL: url, STATIC_EGRESS_BROKER_CA: certificate.ca };
    const good = { ...broker, STATIC_EGRESS_TOKEN_FILE: await file("token", podToken) };
    const bad = { ...broker, STATIC_EGRESS_TOKEN_FILE: await file("forged", forged) };
    await sidecar("brokered", "pod-1", good).says("waiting for an address");
    await sidecar("brokered, forged", "pod-2", bad).says("TOKEN_REFUSED");
    await sidecar("direct", "pod-3", { REDIS_URL: redisAs(password) }).says("waiting for an address");
    await sidecar("direct, denied", "pod-4", { REDIS_URL: redisAs(wrongPassword) }).says("LEDGER_DENIED");
    await sidecar("direct, mistyped", "pod-5", { REDIS_URL: `redis//:${password}@redis` }).says("CONFIG_INVALID");

    const look = async (name: string, REDIS_URL: string) =>
      run(name, "dist/cli/main.js", { REDIS_URL }, ["pools"]).ended;
    await look("cli", redisAs(password));
    await look("cli, denied", redisAs(wrongPassword));
    await look("cli, mistyped", `redis//:${password}@redis`);
    await look("cli, nobody there", `redis://:${password}@127.0.0.1:${closed}`);
    expect(seen.get("cli")).toContain("POOL");

    const wrong = `Lease pod-1.${leaseSecret.replace(/^./, "_")}`;
    see("answers", await ask(`${url}/v1/lease/renew`, certificate.ca, wrong, { note: null }));
    see("answers", await ask(`${url}/v1/lease/renew`, certificate.ca, `Bearer ${forged}`, { note: null }));
    see("answers", await ask(`${url}/v1/lease/acquire`, certificate.ca, `Bearer ${podToken}`, { pool: "../" }));
    await redis.stop();
    see("answers", await ask(`${url}/v1/lease/renew`, certificate.ca, `Lease pod-1.${leaseSecret}`, { note: null }));
    see("answers", await ask(`${url}/readyz`, certificate.ca));
    see("answers", await ask(`${url}/v1/openapi.json`, certificate.ca));
    await webhook.says("connection to the ledger lost");
    see("metrics", await metrics());
    webhook.child.kill("SIGTERM");
    await webhook.ended;

    for (const [name, secret] of Object.entries({
      password,
      wrongPassword,
      ...aws,
      gcpKey,
      podToken,
      forged,
      leaseSecret,
    }))
      if (name !== "AWS_ACCESS_KEY_ID") secrets.set(name, secret);
    secrets.set("part of the token", podToken.split(".")[1] ?? "");
    secrets.set(
      "what the ledger keeps of a lease's secret",
      createHash("sha256").update(leaseSecret).digest("base64url"),
    );
    secrets.set("GCP key's text", gcpKey.split("\n")[1] ?? "");
    secrets.set("TLS key", certificate.key.split("\n")[1] ?? "");
    const forms = (secret: string) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
    const base64 = (secret: string) => Buffer.from(secret).toString("base64").slice(0, -4);
    const found = [...secrets].flatMap(([name, secret]) =>
      [...seen]
        .filter(([, text]) => [...forms(secret), base64(secret)].some((form) => text.includes(form)))
        .map(([where]) => `${name} in ${where}`),
    );
    expect([...secrets.values()].every((secret) => secret.length > 20)).toBe(true);
    expect(seen.size).toBeGreaterThan(18);
    expect(found).toEqual([]);
  });
});
