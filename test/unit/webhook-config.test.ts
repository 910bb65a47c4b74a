import { describe, expect, it } from "vitest";
import { parseConfig, sidecarSettings } from "../../webhook/config.ts";
import { helpText } from "../../webhook/help.ts";

const needed = { REDIS_URL: "redis://:hunter2@redis:6379", STATIC_EGRESS_SIDECAR_IMAGE: "example.com/sidecar:1" };

function problems(env: Record<string, string>): string[] {
  try {
    parseConfig(env);
  } catch (error) {
    return (error as Error).message.split("\n  ").slice(1);
  }
  return [];
}

describe("parseConfig of the webhook", () => {
  describe("when only what is needed is set", () => {
    it("fills in the contract's defaults", () => {
      expect(parseConfig(needed)).toEqual({
        ...needed,
        STATIC_EGRESS_INSTALLATION: "default",
        STATIC_EGRESS_CONNECTIONS: 5000,
        STATIC_EGRESS_POOLS_FILE: "/etc/static-egress/pools.yaml",
        STATIC_EGRESS_LISTEN_PORT: 8443,
        STATIC_EGRESS_METRICS_PORT: 9090,
        STATIC_EGRESS_INSPECTION: "auto",
        STATIC_EGRESS_NAMESPACE: "static-egress",
        STATIC_EGRESS_SERVICE: "static-egress-webhook",
        STATIC_EGRESS_CONFIGURATION: "static-egress",
        STATIC_EGRESS_CERTIFICATE_SECRET: "static-egress-ca",
        STATIC_EGRESS_SIDECAR_PULL_POLICY: "IfNotPresent",
        STATIC_EGRESS_SIDECAR_CPU: "10m",
        STATIC_EGRESS_SIDECAR_CPU_LIMIT: "500m",
        STATIC_EGRESS_SIDECAR_MEMORY_LIMIT: "128Mi",
        STATIC_EGRESS_SIDECAR_MEMORY: "64Mi",
        STATIC_EGRESS_PLACEMENT_REQUIRED: true,
        STATIC_EGRESS_LEASE_SECONDS: 60,
        STATIC_EGRESS_MODE: "brokered",
        STATIC_EGRESS_DIRECT_SECRET: "static-egress-direct",
        STATIC_EGRESS_LOG_LEVEL: "info",
        STATIC_EGRESS_KUBERNETES: "auto",
      });
    });

    it("takes no notice of what Kubernetes writes for a Service of ours", () => {
      const links = {
        STATIC_EGRESS_WEBHOOK_SERVICE_HOST: "10.0.0.1",
        STATIC_EGRESS_WEBHOOK_SERVICE_PORT: "443",
        STATIC_EGRESS_WEBHOOK_SERVICE_PORT_HTTPS: "443",
        STATIC_EGRESS_WEBHOOK_PORT: "tcp://10.0.0.1:443",
        STATIC_EGRESS_WEBHOOK_PORT_443_TCP: "tcp://10.0.0.1:443",
        STATIC_EGRESS_WEBHOOK_PORT_443_TCP_PROTO: "tcp",
        STATIC_EGRESS_WEBHOOK_PORT_443_TCP_PORT: "443",
        STATIC_EGRESS_WEBHOOK_PORT_443_TCP_ADDR: "10.0.0.1",
      };
      expect(problems({ ...needed, ...links })).toEqual([]);
    });
  });

  describe("when much is wrong", () => {
    it("lists all of it, and repeats no secret", () => {
      const found = problems({
        REDIS_URL: "http://:hunter2@redis",
        STATIC_EGRESS_LISTEN_PORT: "70000",
        STATIC_EGRESS_SIDECAR_CPU: "ten",
        STATIC_EGRESS_PLACEMENT_REQUIRED: "yes",
        STATIC_EGRESS_COLOUR: "red",
      });
      expect(found).toEqual([
        expect.stringMatching(/^STATIC_EGRESS_COLOUR: unknown; accepted/),
        expect.stringMatching(/^REDIS_URL: \(not shown\); accepted: redis:/),
        expect.stringMatching(/^STATIC_EGRESS_LISTEN_PORT: "70000"; accepted: a whole number from 1 to 65535/),
        expect.stringMatching(/^STATIC_EGRESS_SIDECAR_IMAGE: missing; accepted: an image/),
        expect.stringMatching(/^STATIC_EGRESS_SIDECAR_CPU: "ten"; accepted: a Kubernetes quantity/),
        expect.stringMatching(/^STATIC_EGRESS_PLACEMENT_REQUIRED: "yes"; accepted: true, false/),
      ]);
      expect(found.join()).not.toContain("hunter2");
    });

    it("refuses one certificate file without the other", () => {
      expect(problems({ ...needed, STATIC_EGRESS_TLS_CERT_FILE: "/tls/tls.crt" })).toEqual([
        "STATIC_EGRESS_TLS_KEY_FILE: missing; accepted: both files or none",
      ]);
    });
  });
});

describe("sidecarSettings", () => {
  it("has sidecars go to Redis with their namespace's Secret in direct mode", () => {
    const direct = parseConfig({ ...needed, STATIC_EGRESS_MODE: "direct" });
    expect(sidecarSettings(direct, () => "PEM")().leasesFrom).toEqual({
      mode: "direct",
      secret: "static-egress-direct",
    });
  });

  it("sends brokered sidecars to our Service, with the CA of the moment", () => {
    let ca = "first";
    const settings = sidecarSettings(parseConfig(needed), () => ca);
    const url = "https://static-egress-webhook.static-egress.svc";
    expect(settings().leasesFrom).toEqual({ mode: "brokered", url, ca: "first" });
    expect(settings()).toBe(settings());
    ca = "second";
    expect(settings().leasesFrom).toEqual({ mode: "brokered", url, ca: "second" });
    expect(settings()).toBe(settings());
  });

  it("needs the CA of a certificate that comes from files", () => {
    const files = { STATIC_EGRESS_TLS_CERT_FILE: "/tls/tls.crt", STATIC_EGRESS_TLS_KEY_FILE: "/tls/tls.key" };
    expect(problems({ ...needed, ...files })).toEqual([
      "STATIC_EGRESS_TLS_CA_FILE: missing; accepted: the CA that brokered sidecars are to believe",
    ]);
    expect(problems({ ...needed, ...files, STATIC_EGRESS_TLS_CA_FILE: "/tls/ca.crt" })).toEqual([]);
    expect(problems({ ...needed, ...files, STATIC_EGRESS_MODE: "direct" })).toEqual([]);
  });
});

describe("helpText", () => {
  it("names every setting with its default", () => {
    const text = helpText();
    for (const [name, value] of Object.entries(parseConfig(needed))) {
      expect(text).toContain(name in needed ? `${name}=(required)` : `${name}=${String(value)}`);
    }
  });
});
