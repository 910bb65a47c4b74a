import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { makeAuthority } from "../../webhook/certificates/authority.ts";
import { fakeApiServer, type Asked } from "../support/cluster/fake-api-server.ts";
import { builtCli } from "./cli-run.ts";
import { fillLedger } from "./cli-scene.ts";

const redisUrl = inject("redisUrl");
const installation = `test-${randomUUID()}`;
const { run, directory } = builtCli();

interface Found {
  readonly check: string;
  readonly verdict: string;
  readonly seen: string;
  readonly fix: string | null;
}
const refusal =
  'admission webhook "pods.static-egress.io" denied the request: static-egress does not admit this pod: …';
const status = (code: number, message: string) => ({ status: code, body: { kind: "Status", code, message } });

/** A cluster in order; `broken` answers first. */
function clusterWith(bundle: string, broken: (asked: Asked) => ReturnType<typeof status> | undefined) {
  return (asked: Asked): { status?: number; body: unknown } => {
    const { path, method } = asked;
    const answer = broken(asked);
    if (answer !== undefined) return answer;
    if (/^\/version\/?$/.test(path)) return { body: { major: "1", minor: "33" } };
    if (path.endsWith("accessreviews")) return { body: { ...(asked.body as object), status: { allowed: true } } };
    if (path.endsWith("/mutatingwebhookconfigurations/static-egress")) {
      const clientConfig = { caBundle: Buffer.from(bundle).toString("base64") };
      return { body: { webhooks: [{ name: "pods.static-egress.io", clientConfig, failurePolicy: "Fail" }] } };
    }
    if (path.endsWith("/deployments/static-egress-webhook")) {
      return { body: { spec: { replicas: 2 }, status: { readyReplicas: 2 } } };
    }
    if (path.endsWith("/configmaps/static-egress-pools")) return { body: { data: { "pools.yaml": "pools: []" } } };
    if (method === "POST" && path.endsWith("/pods")) {
      return asked.query.get("dryRun") === "All" ? status(403, refusal) : status(500, "not a dry run");
    }
    return status(404, "not found");
  };
}

describe.skipIf(redisUrl === "")("static-egress doctor", () => {
  let env: Record<string, string>;
  let api: Awaited<ReturnType<typeof fakeApiServer>>;
  let broken: (asked: Asked) => ReturnType<typeof status> | undefined = () => undefined;

  beforeAll(async () => {
    const ledger = connectLedger(redisUrl, { installation });
    await fillLedger(ledger);
    await ledger.close();
    const { cert } = await makeAuthority(Date.now());
    api = await fakeApiServer((asked) => clusterWith(cert, broken)(asked));
    const kubeconfig = join(directory(), "kubeconfig");
    await writeFile(kubeconfig, api.config.exportConfig());
    env = { REDIS_URL: redisUrl, STATIC_EGRESS_INSTALLATION: installation, HOME: "/nowhere", KUBECONFIG: kubeconfig };
  });
  afterAll(async () => {
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`static-egress:{${installation}}:*`));
    redis.disconnect();
    await api.close();
  });

  async function doctor(...more: readonly string[]): Promise<{ code: number; findings: Found[] }> {
    const { code, out, error } = await run(["doctor", "-o", "json", ...more], env);
    if (out === "") throw new Error(error);
    return { code, findings: (JSON.parse(out) as { findings: Found[] }).findings };
  }
  const verdictOf = (findings: readonly Found[], check: string) =>
    findings.filter((finding) => finding.check === check).map(({ verdict }) => verdict);
  const clusterChecks = [
    "kubernetes",
    "webhook",
    "certificate",
    "deployment",
    "pools file",
    "reachability",
    "webhook's rights",
    "your rights",
  ];

  it("a cluster in order, over a real Redis: each check says so; the exhausted pool and the private node are told", async () => {
    broken = () => undefined;
    const { code, findings } = await doctor();
    for (const check of ["redis", "controller", "clock", ...clusterChecks]) {
      expect([check, ...verdictOf(findings, check)]).toEqual([check, "ok"]);
    }
    expect(verdictOf(findings, "pool partners")).toEqual(["warning"]);
    expect(verdictOf(findings, "node worker-5")).toEqual(["problem"]);
    expect(code).toBe(3);
  });

  it.each([
    ["kubernetes", "too old", "/version", { status: 200, body: { major: "1", minor: "28" } }, /^1\.28 at http/],
    [
      "webhook",
      "no configuration",
      "/mutatingwebhookconfigurations/static-egress",
      status(404, ""),
      /there is no Mutating/,
    ],
    ["deployment", "no replica is ready", "/deployments/static-egress-webhook", { status: 200, body: {} }, /^0 of 1/],
    [
      "pools file",
      "a wrong file",
      "/configmaps/static-egress-pools",
      { status: 200, body: { data: { "pools.yaml": "pools: 1" } } },
      /^POOLS_INVALID/,
    ],
    [
      "reachability",
      "a webhook that does not answer",
      "/namespaces/default/pods",
      status(500, 'failed calling webhook "pods.static-egress.io": connect: connection refused'),
      /failed calling webhook "pods\.static-egress\.io": connect: connection refused/,
    ],
    [
      "reachability",
      "no webhook",
      "/namespaces/default/pods",
      { status: 201, body: {} },
      /admitted without the webhook/,
    ],
    [
      "webhook's rights",
      "none",
      "/subjectaccessreviews",
      { status: 200, body: { status: { allowed: false } } },
      /may not: get nodes,/,
    ],
  ])("%s, %s: a problem with its fix", async (check, _what, path, answer, seen) => {
    broken = (asked) =>
      asked.path.replace(/\/$/, "").endsWith(path) ? (answer as ReturnType<typeof status>) : undefined;
    const { code, findings } = await doctor();
    expect(findings.filter((finding) => finding.check === check)).toEqual([
      {
        check,
        verdict: "problem",
        seen: expect.stringMatching(seen) as string,
        fix: expect.stringMatching(/.{10}/) as string,
      },
    ]);
    expect(code).toBe(3);
  });

  it("a user without rights: what could not be checked is said, with what the API server says", async () => {
    broken = () => status(403, 'User "u" cannot do that');
    const { findings } = await doctor();
    expect(findings.find(({ check }) => check === "kubernetes")).toMatchObject({ verdict: "unknown" });
    expect(findings.find(({ check }) => check === "kubernetes")?.seen).toContain('User "u" cannot do that');
  });

  it("nothing answers: both are told, and a good pools file beside them; exit code 3", async () => {
    const pools = join(directory(), "pools.yaml");
    await writeFile(pools, "pools: []");
    const nobody = { REDIS_URL: "redis://127.0.0.1:1", HOME: "/nowhere", PATH: "" };
    const { code, out } = await run(["doctor", "--pools", pools], nobody);
    expect(code).toBe(3);
    expect(out).toMatch(
      /^ok +pools file .*\nPROBLEM +redis +LEDGER_UNREACHABLE.*\n +fix: .*\nunknown +kubernetes +there is no kubeconfig\n/,
    );
    expect(out).toMatch(/\nproblems: 1, warnings: 0, not checked: 1, in order: 1\n$/);
  });
});
