import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { fakeApiServer } from "../support/cluster/fake-api-server.ts";
import { ledgerUser } from "../support/ledger-user.ts";
import { builtCli } from "./cli-run.ts";
import { fillLedger, uids } from "./cli-scene.ts";

const redisUrl = inject("redisUrl");
const installation = `test-${randomUUID()}`;
const { run, directory } = builtCli();

/** Spans of time as `T`, so that a slow machine says the same. */
const timeless = (text: string) => text.replaceAll(/\b(\d+[dhms])+\b/g, "T");

const pod = (name: string, uid: string, annotations: Record<string, string>, initContainers: unknown[] = []) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "payments", name, uid, annotations, creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { nodeName: "worker-1", containers: [{ name: "app" }], initContainers },
  status: { phase: "Running" },
});
const injected = { "static-egress/pool": "partners", "static-egress/injected": "1" };
const sidecar = [{ name: "static-egress-lease", restartPolicy: "Always" }];
const pods = [
  pod("biller-1", uids.biller, injected, sidecar),
  pod("bare", "uid-bare", { "static-egress/pool": "partners" }),
];
const events = [
  {
    metadata: { name: "e1", namespace: "payments" },
    involvedObject: { kind: "Pod", name: "biller-1" },
    reason: "EgressAddressAttached",
    message: "Address 203.0.113.7\nof pool partners",
    count: 2,
    lastTimestamp: "2026-01-01T00:00:05Z",
  },
  { metadata: { name: "e2", namespace: "payments" }, involvedObject: {}, reason: "Pulled", message: "image" },
];

const refused = ["shop-6d9f", "other"].map((maker) => ({
  metadata: { name: `refused-${maker}`, namespace: "payments" },
  involvedObject: { kind: "ReplicaSet", name: maker },
  reason: "FailedCreate",
  message: `Error creating: admission webhook denied: static-egress does not admit this pod: pool of ${maker}`,
  lastTimestamp: "2026-01-01T00:00:05Z",
}));

describe.skipIf(redisUrl === "")("static-egress explains", () => {
  const env = { REDIS_URL: redisUrl, STATIC_EGRESS_INSTALLATION: installation, HOME: "/nowhere" };
  let api: Awaited<ReturnType<typeof fakeApiServer>>;
  let withCluster: Record<string, string>;
  let denied = false;

  beforeAll(async () => {
    const ledger = connectLedger(redisUrl, { installation });
    await fillLedger(ledger);
    await ledger.close();
    api = await fakeApiServer(({ path, query }) => {
      if (denied) return { status: 403, body: { kind: "Status", message: "pods is forbidden" } };
      if (path.endsWith("/events")) {
        const wanted = query.get("fieldSelector") ?? "";
        if (wanted === "reason=FailedCreate") return { body: { kind: "EventList", items: refused } };
        return { body: { kind: "EventList", items: wanted.includes("name=biller-1") ? events : [] } };
      }
      const found = pods.find(({ metadata }) => path === `/api/v1/namespaces/payments/pods/${metadata.name}`);
      return found === undefined ? { status: 404, body: { kind: "Status", message: "not found" } } : { body: found };
    });
    const kubeconfig = join(directory(), "kubeconfig");
    await writeFile(kubeconfig, api.config.exportConfig());
    withCluster = { ...env, KUBECONFIG: kubeconfig };
  });
  afterAll(async () => {
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`static-egress:{${installation}}:*`));
    redis.disconnect();
    await api.close();
  });

  it("why-waiting: pool, place in the queue, who holds the addresses, what to do", async () => {
    const { code, out } = await run(["why-waiting"], env);
    expect(code).toBe(0);
    expect(timeless(out).split("\n")).toEqual([
      expect.stringMatching(
        /^payments\/nightly-1 waits for an address of pool partners on node worker-3, for T: number 1 of 1 in its queue$/,
      ),
      expect.stringMatching(/^ {2}why: {3}exhausted: /),
      "  pool:  2 addresses, 0 free",
      "  held:  203.0.113.7 (attached for T) on node worker-1: payments/biller-1, payments/biller-2",
      "         203.0.113.8 (attached for T) on node worker-2: reports/weekly-1",
      "  to do: Reserve another address for the pool, or end pods that hold one.",
      "",
    ]);
  });

  it("why-waiting -o json: the same for other programs; with a filter that nobody fits, nobody", async () => {
    const { out } = await run(["why-waiting", "-o", "json", "--namespace", "payments"], env);
    expect(JSON.parse(out)).toMatchObject({
      waiting: [{ pod: "payments/nightly-1", position: 1, reason: "exhausted" }],
      pools: { partners: { free: 0, waiting: 1, holders: [{ node: "worker-1" }, { node: "worker-2" }] } },
    });
    expect((await run(["why-waiting", "--pool", "internal"], env)).out).toBe("No pod waits.\n");
    expect((await run(["why-waiting", "-o", "name"], env)).out).toBe("payments/nightly-1\n");
  });

  it("explain pod: a waiting one, from the ledger alone", async () => {
    const { code, out } = await run(["explain", "pod", "payments/nightly-1"], env);
    expect(code).toBe(0);
    expect(timeless(out)).toContain("number 1 of 1 in its queue\n");
    expect(out).toContain("on node worker-1: payments/biller-1, payments/biller-2\n");
    expect(out).toContain("Note: there is no kubeconfig: only the ledger was asked\n");
  });

  it("explain pod: a holding one, with admission and Events of the cluster; no text of others begins a line", async () => {
    const { code, out } = await run(["explain", "pod", "payments/biller-1"], withCluster);
    expect(code).toBe(0);
    expect(timeless(out).split("\n")).toEqual([
      "Pod payments/biller-1",
      "  state:     Running, on node worker-1, created T ago",
      "  asks:      for an address of pool partners",
      "  admission: injected: the lease sidecar is in it, version 1",
      "  lease:     held for T in pool partners, ends in T unless renewed",
      "  address:   203.0.113.7 (attached for T) on node worker-1",
      "  shared:    with payments/biller-2",
      "History",
      "  T ago  leased 203.0.113.7 on node worker-1",
      "  T ago  attaching 203.0.113.7 on node worker-1",
      expect.stringMatching(/^ {2}T ago {2}attached 203\.0\.113\.7 on node worker-1, after \d+\.\d s$/),
      "Events",
      "  T ago  EgressAddressAttached (2 times): Address 203.0.113.7 of pool partners",
      "",
    ]);
  });

  it("explain pod: one that asks and was never injected: why, and what to do", async () => {
    const { out } = await run(["explain", "pod", "payments/bare"], withCluster);
    expect(out).toContain("  admission: not injected: it asks for a pool and has no sidecar");
    expect(out).toContain("  to do:     Create it again: kubectl rollout restart");
  });

  it("explain pod: from the cluster alone where Redis does not answer, and says so", async () => {
    const { code, out } = await run(
      ["explain", "pod", "payments/biller-1", "--redis", "redis://127.0.0.1:1"],
      withCluster,
    );
    expect(code).toBe(0);
    expect(out).toMatch(/admission: injected[^]*Note: the ledger was not asked: LEDGER_UNREACHABLE: /);
  });

  it("explain pod: from the ledger alone where the cluster refuses, and says so", async () => {
    denied = true;
    const { code, out } = await run(["explain", "pod", "payments/biller-1"], withCluster);
    denied = false;
    expect(code).toBe(0);
    expect(out).toMatch(/lease: +held[^]*Note: Kubernetes was not asked: CLUSTER_DENIED: .*pods is forbidden/);
  });

  it("explain pod: one that has gone: what befell it", async () => {
    const { code, out } = await run(["explain", "pod", "payments/hidden-1"], env);
    expect(code).toBe(0);
    expect(out).toMatch(/lease: +none[^]*History\n[^]*failed \S+ on node worker-5: NODE_PRIVATE\n/);
  });

  it.each(["shop", "shop-6d9f", "shop-6d9f-x2x4z"])("explain pod: %s, that the webhook refused: why", async (name) => {
    const { code, out } = await run(["explain", "pod", `payments/${name}`], withCluster);
    expect(code).toBe(0);
    expect(timeless(out).split("\n")).toEqual([
      `Pod payments/${name}`,
      "  admission: refused: there is no such pod, and the webhook says why",
      expect.stringMatching(/FailedCreate: .*static-egress does not admit this pod: pool of shop-6d9f$/),
      "",
    ]);
  });

  it("explain pod: one that nobody knows: exit code 1", async () => {
    const { code, error } = await run(["explain", "pod", "payments/nobody"], withCluster);
    expect(code).toBe(1);
    expect(error).toMatch(/^static-egress: POD_UNKNOWN: no pod payments\/nobody .*Kubernetes has no such pod either/);
  });

  it("explain pod: by a Redis user that is older than the history: all else", async () => {
    const redis = new Redis(redisUrl);
    const user = await ledgerUser(redis, redisUrl, "static-egress-reader", installation, ["-xrange"]);
    const { code, out } = await run(["explain", "pod", "payments/nightly-1", "--redis", user.url], env);
    await user.forget();
    redis.disconnect();
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/number 1 of 1[^]*Note: this Redis user may not read the history/),
    ]);
  });

  it("explain pod: neither side answers: exit code 1, and what each says", async () => {
    denied = true;
    const { code, error } = await run(["explain", "pod", "a/b", "--redis", "redis://127.0.0.1:1"], withCluster);
    denied = false;
    expect(code).toBe(1);
    expect(error).toMatch(/LEDGER_UNREACHABLE: .*; Kubernetes was not asked: CLUSTER_DENIED: /);
  });

  it("explain pod: a name without a namespace: exit code 2", async () => {
    const { code, error } = await run(["explain", "pod", "biller-1"], env);
    expect(code).toBe(2);
    expect(error).toContain("accepted: NAMESPACE/NAME");
  });
});
