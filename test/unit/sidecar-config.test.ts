import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EgressError } from "../../shared/errors.ts";
import { parseBrokeredConfig, parseConfig } from "../../sidecar/config.ts";
import { fixtures } from "../support/admission-settings.ts";

const good = {
  REDIS_URL: "redis://redis:6379",
  STATIC_EGRESS_POOL: "partners",
  STATIC_EGRESS_POD_UID: "u",
  STATIC_EGRESS_POD_NAME: "web-1",
  STATIC_EGRESS_POD_NAMESPACE: "apps",
  STATIC_EGRESS_NODE_NAME: "node-1",
  STATIC_EGRESS_SERVICE_ACCOUNT: "default",
};

function problems(env: Record<string, string | undefined>): string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (!(error instanceof EgressError) || error.code !== "CONFIG_INVALID") throw error;
    return error.message.split("\n  ").slice(1);
  }
  return [];
}

describe("the sidecar's settings", () => {
  it("are complete with what the webhook and the Secret bring", () => {
    expect(parseConfig(good)).toMatchObject({
      STATIC_EGRESS_ON_UNAVAILABLE: "wait",
      STATIC_EGRESS_GRACE_SECONDS: 30,
      STATIC_EGRESS_LEASE_SECONDS: 60,
      STATIC_EGRESS_RUN_DIR: "/var/run/static-egress",
    });
  });

  it("are refused with every problem at once, one line each", () => {
    const seen = problems({
      ...good,
      REDIS_URL: "redis+sentinel://:PLANTED@s1",
      STATIC_EGRESS_LOCK_URLS: "redis://ok,nonsense-PLANTED",
      STATIC_EGRESS_POOL: undefined,
      STATIC_EGRESS_POD_UID: "",
      STATIC_EGRESS_LEASE_SECONDS: "1m",
      STATIC_EGRESS_GRACE_SECONDS: "-1",
      STATIC_EGRESS_ON_UNAVAILABLE: "Proceed",
      STATIC_EGRESS_LEASES: "60",
    });
    expect(new Set(seen.map((line) => line.split(":")[0]))).toEqual(
      new Set([
        "REDIS_URL",
        "STATIC_EGRESS_GRACE_SECONDS",
        "STATIC_EGRESS_LEASES",
        "STATIC_EGRESS_LEASE_SECONDS",
        "STATIC_EGRESS_LOCK_URLS",
        "STATIC_EGRESS_ON_UNAVAILABLE",
        "STATIC_EGRESS_POD_UID",
        "STATIC_EGRESS_POOL",
      ]),
    );
    expect(seen).toHaveLength(8);
    expect(seen.join("\n")).not.toContain("PLANTED");
    expect(seen).toContain('STATIC_EGRESS_LEASE_SECONDS: "1m"; accepted: a whole number from 3 to 3600');
    expect(seen.find((line) => line.startsWith("STATIC_EGRESS_POOL:"))).toMatch(/missing; accepted: /);
  });

  it("name every missing one in an empty environment", () => {
    expect(problems({})).toHaveLength(7);
  });

  it("keep a number within its range", () => {
    expect(problems({ ...good, STATIC_EGRESS_LEASE_SECONDS: "2" })).toHaveLength(1);
    expect(problems({ ...good, STATIC_EGRESS_LEASE_SECONDS: "3601" })).toHaveLength(1);
    expect(problems({ ...good, STATIC_EGRESS_LEASE_SECONDS: "6e1" })).toHaveLength(1);
    expect(problems({ ...good, STATIC_EGRESS_LEASE_SECONDS: "3600" })).toHaveLength(0);
  });
});

describe("the brokered sidecar's settings", () => {
  const { REDIS_URL: _, ...common } = good;
  const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const brokered = { ...common, STATIC_EGRESS_BROKER_URL: "https://webhook.egress.svc", STATIC_EGRESS_BROKER_CA: ca };

  it("have no Redis among them", () => {
    expect(parseBrokeredConfig(brokered)).toMatchObject({
      STATIC_EGRESS_BROKER_CA: ca,
      STATIC_EGRESS_POOL: "partners",
    });
    expect(() => parseBrokeredConfig({ ...brokered, STATIC_EGRESS_LOCK_URLS: "redis://r" })).toThrow(
      "STATIC_EGRESS_LOCK_URLS: unknown",
    );
  });

  it.each([
    ["STATIC_EGRESS_BROKER_URL", "http://webhook.egress.svc"],
    ["STATIC_EGRESS_BROKER_CA", "MIIB"],
    ["STATIC_EGRESS_POOL", undefined],
  ])("%s of %s is refused", (name, value) => {
    expect(() => parseBrokeredConfig({ ...brokered, [name]: value })).toThrow(`${name}: `);
  });

  it("are all that the webhook writes into a brokered pod's container", () => {
    const { spec } = JSON.parse(readFileSync(new URL("brokered/applied.json", fixtures), "utf8")) as {
      spec: { initContainers: { env: { name: string; value?: string }[]; envFrom?: unknown }[] };
    };
    const [container] = spec.initContainers;
    const env = Object.fromEntries(
      (container?.env ?? []).map(({ name, value = "by the downward API" }) => [name, value]),
    );
    expect(container?.envFrom).toBeUndefined();
    expect(parseBrokeredConfig(env)).toMatchObject({ STATIC_EGRESS_POD_UID: "by the downward API" });
  });
});
