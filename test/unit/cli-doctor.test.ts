import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { judgeCertificates, judgeReach, judgeVersion } from "../../cli/doctor/cluster-checks.ts";
import { findingLines, ok, found } from "../../cli/doctor/finding.ts";
import { judgeBeat, judgeClock, judgeNodes, judgePools, judgeServer } from "../../cli/doctor/ledger-checks.ts";
import { rightText, webhookRights } from "../../cli/doctor/rights.ts";
import { makeAuthority } from "../../webhook/certificates/authority.ts";
import { aSnapshot, aWaiter } from "../support/cluster/snapshots.ts";

const verdicts = (findings: readonly { check: string; verdict: string }[]) =>
  findings.map(({ check, verdict }) => `${check}: ${verdict}`);

describe("judgeServer", () => {
  const info = (more: string) => `redis_version:7.2.4\r\nrole:master\r\n${more}`;
  it.each([
    ["nothing is thrown away", "maxmemory:0\r\nmaxmemory_policy:noeviction", ["redis: ok", "eviction: ok"]],
    [
      "what is full throws leases away",
      "maxmemory:100\r\nmaxmemory_policy:allkeys-lru",
      ["redis: ok", "eviction: problem"],
    ],
    ["it would, with a limit", "maxmemory:0\r\nmaxmemory_policy:volatile-ttl", ["redis: ok", "eviction: warning"]],
  ])("%s", (_what, text, said) => {
    expect(verdicts(judgeServer(info(text)))).toEqual(said);
  });

  it("knows a replica, and Valkey", () => {
    const [server] = judgeServer("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nrole:slave\r\nmaxmemory:0");
    expect([server?.verdict, server?.seen]).toEqual(["warning", expect.stringContaining("Valkey 8.0.1")]);
  });
});

describe("judgeClock", () => {
  it.each([
    [4_000, "ok"],
    [-4_000, "ok"],
    [60_000, "warning"],
    [-60_000, "warning"],
  ])("%d ms apart: %s", (ms, verdict) => {
    expect(judgeClock(ms).verdict).toBe(verdict);
  });
});

describe("judgeBeat", () => {
  it.each([
    ["a controller that lives", { at: "99000", version: "1" }, ["controller: ok"]],
    ["none for a minute", { at: "40000", version: "1" }, ["controller: problem"]],
    ["none ever", {}, ["controller: problem"]],
    ["doubt", { at: "99000", doubtUntil: "150000", signs: "gap" }, ["controller: ok", "ledger: warning"]],
    ["doubt that has passed", { at: "99000", doubtUntil: "90000", signs: "gap" }, ["controller: ok"]],
    ["a newer ledger", { at: "99000", version: "99" }, ["controller: ok", "ledger: problem"]],
  ])("%s", (_what, beat, said) => {
    expect(verdicts(judgeBeat(beat, 100_000))).toEqual(said);
  });
});

describe("judgePools", () => {
  const address = (state: "free" | "used" | "taken") => ({ pool: "partners", id: state, ip: "203.0.113.1", state });
  it.each([
    ["one with a free address", { addresses: [address("free")] }, "ok"],
    ["one without any address", {}, "problem"],
    ["one that is exhausted", { addresses: [address("used")], waiters: [aWaiter("w", "n1", {})] }, "warning"],
    ["one whose address is a stranger's", { addresses: [address("taken")] }, "warning"],
  ])("%s", (_what, more, verdict) => {
    expect(judgePools(aSnapshot(more)).map((finding) => finding.verdict)).toEqual([verdict]);
  });
});

describe("judgeNodes", () => {
  const problem = { machine: "n1", message: "node n1 is in a private subnet", untilMs: 200_000, count: 1 };
  const machine = { id: "n1", providerId: "memory:///n1" };
  const nodes = [{ name: "n1", uid: "u", cloud: "memory", region: "local", machine, ready: true } as const];

  it("says of a node with a problem what the catalogue says", () => {
    const [finding] = judgeNodes(aSnapshot({ nodes, problems: [{ ...problem, code: "NODE_PRIVATE" }] }));
    expect(finding).toMatchObject({
      check: "node n1",
      verdict: "problem",
      fix: expect.stringContaining("public subnet") as string,
    });
  });

  it("is content with none", () => {
    expect(verdicts(judgeNodes(aSnapshot({ nodes })))).toEqual(["nodes: ok"]);
  });
});

describe("judgeVersion", () => {
  it.each([
    ["1", "29", "problem"],
    ["1", "30+", "ok"],
    ["1", "33", "ok"],
    ["2", "0", "ok"],
    ["", "", "problem"],
  ])("%s.%s: %s", (major, minor, verdict) => {
    expect(judgeVersion(major, minor, "https://api").verdict).toBe(verdict);
  });
});

describe("judgeCertificates", () => {
  const dayMs = 86_400_000;
  const nowMs = Date.UTC(2026, 0, 1);
  it.each([
    ["one that is new", [nowMs], "ok"],
    ["one that is old, beside its successor", [nowMs - 364 * dayMs, nowMs], "ok"],
    ["one that soon expires", [nowMs - 360 * dayMs], "warning"],
    ["one that has expired", [nowMs - 366 * dayMs], "problem"],
    ["none", [], "problem"],
  ])("%s", async (_what, madeMs, verdict) => {
    const bundle = (await Promise.all(madeMs.map(makeAuthority))).map(({ cert }) => cert).join("\n");
    expect(judgeCertificates(bundle, nowMs).verdict).toBe(verdict);
  });
});

describe("judgeReach", () => {
  it.each([
    ["the webhook's own refusal", 'admission webhook "x" denied: static-egress does not admit this pod: …', "ok"],
    ["a webhook that does not answer", 'failed calling webhook "pods.static-egress.io": timeout', "problem"],
    ["no webhook at all", undefined, "problem"],
    ["a user who may not create pods", 'pods is forbidden: User "u" cannot create', "unknown"],
  ])("%s", (_what, refusal, verdict) => {
    expect(judgeReach("reachability", refusal, "default").verdict).toBe(verdict);
  });
});

describe("rights of the webhook", () => {
  it("are those of manifests/base/rbac.yaml", () => {
    const text = readFileSync(new URL("../../manifests/base/rbac.yaml", import.meta.url), "utf8");
    const granted = parseAllDocuments(text).flatMap((document) => {
      const { kind, rules = [] } = document.toJS() as { kind: string; rules?: Rule[] };
      return rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => {
            const right = { verb, group: apiGroups[0] ?? "", resource: resources[0] ?? "" };
            return `${kind === "Role" ? "ours: " : ""}${rightText({ ...right, ...(name !== undefined && { name }) })}`;
          }),
        ),
      );
    });
    const asked = webhookRights.map((right) => `${right.ours === true ? "ours: " : ""}${rightText(right)}`);
    expect(asked.toSorted()).toEqual(granted.toSorted());
  });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

describe("findingLines", () => {
  it("gives each fix a line, and counts", () => {
    expect(findingLines([ok("redis", "answers"), found("webhook", "problem", "is not there", "Apply it.")])).toEqual([
      "ok       redis    answers",
      "PROBLEM  webhook  is not there",
      "                  fix: Apply it.",
      "problems: 1, warnings: 0, not checked: 0, in order: 1",
    ]);
  });
});
