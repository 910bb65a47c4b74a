import { X509Certificate } from "node:crypto";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { authorityLifeMs, issue, makeAuthority, servingLifeMs } from "../../webhook/certificates/authority.ts";
import { selfMadeCertificate, trustedFirstMs } from "../../webhook/certificates/self-made.ts";
import type { CertificateStore } from "../../webhook/certificates/store.ts";

const start = Date.UTC(2026, 0, 1);
const log = pino({ level: "silent" });
const names = ["static-egress-webhook.static-egress.svc"];

/** A cluster with one Secret and one webhook configuration, versions and all. */
function fakeCluster() {
  const cluster = {
    secret: null as { data: Record<string, string>; version: string } | null,
    bundle: "" as string | null,
    bundleWrites: 0,
    beforeWrite: (): void | Promise<void> => undefined,
  };
  let version = 0;
  const store: CertificateStore = {
    readSecret: async () => cluster.secret,
    async writeSecret(data, based) {
      await cluster.beforeWrite();
      if ((cluster.secret?.version ?? null) !== based) return false;
      cluster.secret = { data: { ...data }, version: String(++version) };
      return true;
    },
    readBundle: async () => cluster.bundle,
    async writeBundle(pem) {
      cluster.bundle = pem;
      cluster.bundleWrites++;
    },
    watchBundle: () => () => undefined,
  };
  return { cluster, store };
}

function setUp() {
  const { cluster, store } = fakeCluster();
  const time = { now: start };
  const replica = () => selfMadeCertificate({ store, names, clock: () => time.now, log });
  return { cluster, time, replica };
}

/** What the API server would say of a replica's certificate: trusted by some CA of the caBundle. */
function trusted(bundle: string | null, cert: string): boolean {
  const leaf = new X509Certificate(cert);
  const pems = bundle?.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return pems.map((pem) => new X509Certificate(pem)).some((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
}

describe("issue", () => {
  it("makes a server certificate for the names that the CA signs", async () => {
    const authority = await makeAuthority(start);
    const { cert, notAfterMs } = await issue(authority, [{ type: "dns", value: "a.b.svc" }], start);
    const leaf = new X509Certificate(cert);
    expect(leaf.subjectAltName).toBe("DNS:a.b.svc");
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(new X509Certificate(authority.cert).ca).toBe(true);
    expect(trusted(authority.cert, cert)).toBe(true);
    expect(notAfterMs).toBe(start + servingLifeMs);
    expect(leaf.validToDate.getTime()).toBe(notAfterMs);
  });
});

describe("selfMadeCertificate", () => {
  describe("when there is nothing yet", () => {
    it("makes a CA, has it trusted, and serves with it", async () => {
      const { cluster, replica } = setUp();
      const source = replica();
      await source.step();
      expect(Object.keys(cluster.secret?.data ?? {}).toSorted()).toEqual(["ca.crt", "ca.key", "previous.crt"]);
      expect(trusted(cluster.bundle, source.current().cert)).toBe(true);
      expect(source.trusted()).toBe(cluster.bundle);
    });

    it("lets one of two replicas that start together win, and both agree", async () => {
      const { cluster, replica } = setUp();
      const [a, b] = [replica(), replica()];
      await Promise.all([a.step(), b.step()]);
      await Promise.all([a.step(), b.step()]);
      expect(trusted(cluster.bundle, a.current().cert)).toBe(true);
      expect(trusted(cluster.bundle, b.current().cert)).toBe(true);
    });

    it("serves also while the webhook configuration is not there, and has the CA trusted later", async () => {
      const { cluster, replica } = setUp();
      cluster.bundle = null;
      const source = replica();
      await source.step();
      cluster.bundle = "";
      await source.step();
      expect(trusted(cluster.bundle, source.current().cert)).toBe(true);
    });
  });

  describe("when somebody wipes the caBundle", () => {
    it("puts it back, and writes nothing while it is right", async () => {
      const { cluster, replica } = setUp();
      const source = replica();
      await source.step();
      const right = cluster.bundle;
      await source.step();
      expect(cluster.bundleWrites).toBe(1);
      cluster.bundle = "";
      await source.step();
      expect(cluster.bundle).toBe(right);
    });
  });

  describe("when the Secret is deleted or damaged", () => {
    it.each([
      ["deleted", () => null],
      ["damaged", (version: string) => ({ data: { "ca.crt": "x" }, version })],
    ])("writes the CA that is in use when it is %s", async (_what, change) => {
      const { cluster, replica } = setUp();
      const source = replica();
      await source.step();
      const data = cluster.secret?.data;
      cluster.secret = change(cluster.secret?.version ?? "");
      await source.step();
      expect(cluster.secret?.data).toEqual(data);
    });
  });

  describe("when the serving certificate has used two thirds of its life", () => {
    it("is issued anew, from the same CA", async () => {
      const { cluster, time, replica } = setUp();
      const source = replica();
      await source.step();
      const first = source.current();
      const seen: string[] = [];
      source.subscribe(({ cert }) => seen.push(cert));
      time.now += servingLifeMs * 0.6;
      await source.step();
      expect(seen).toEqual([]);
      time.now += servingLifeMs * 0.1;
      await source.step();
      expect(seen).toEqual([source.current().cert]);
      expect(source.current().notAfterMs).toBeGreaterThan(first.notAfterMs);
      expect(cluster.bundleWrites).toBe(1);
    });
  });

  describe("when the CA has used two thirds of its life", () => {
    it("is followed by another, and every replica stays trusted at every moment", async () => {
      const { cluster, time, replica } = setUp();
      const [a, b] = [replica(), replica()];
      await a.step();
      await b.step();
      const old = cluster.secret?.data["ca.crt"];
      time.now += authorityLifeMs * 0.7;
      // b's certificate is renewed as usual on the way; a is the one to find the CA due.
      const order: boolean[] = [];
      for (const source of [a, b, a, b, b]) {
        await source.step();
        time.now += trustedFirstMs / 3;
        order.push(trusted(cluster.bundle, a.current().cert), trusted(cluster.bundle, b.current().cert));
      }
      expect(order).not.toContain(false);
      expect(cluster.secret?.data["ca.crt"]).not.toBe(old);
      expect(cluster.bundle).toContain(old?.trim());
      expect(trusted(cluster.secret?.data["ca.crt"] ?? "", a.current().cert)).toBe(true);
      expect(trusted(cluster.secret?.data["ca.crt"] ?? "", b.current().cert)).toBe(true);
      time.now += authorityLifeMs * 0.5;
      await a.step();
      expect(cluster.bundle).not.toContain(old?.trim());
    });

    it("does not serve with the new CA before sidecars have heard of it", async () => {
      const { time, replica } = setUp();
      const source = replica();
      await source.step();
      // Renewed half a life before, so that only the CA is due.
      time.now += authorityLifeMs * 0.66;
      await source.step();
      const [before, trustedBefore] = [source.current(), source.trusted()];
      time.now += authorityLifeMs * 0.01;
      await source.step();
      expect(source.current()).toBe(before);
      expect(source.trusted()).not.toBe(trustedBefore);
      time.now += trustedFirstMs - 1;
      await source.step();
      expect(source.current()).toBe(before);
      time.now += 1;
      await source.step();
      expect(source.current()).not.toBe(before);
    });
  });

  describe("when the API server cannot be asked", () => {
    it("rejects, and goes on with what it has", async () => {
      const { cluster, replica } = setUp();
      const source = replica();
      await source.step();
      const before = source.current();
      cluster.secret = null;
      cluster.beforeWrite = () => Promise.reject(new Error("no route"));
      await expect(source.step()).rejects.toThrow("no route");
      expect(source.current()).toBe(before);
    });
  });
});
