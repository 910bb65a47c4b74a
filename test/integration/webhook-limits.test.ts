import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createMetrics } from "../../shared/metrics.ts";
import { buildApp, type App } from "../../webhook/app.ts";
import type { ServerLimits } from "../../webhook/limits.ts";
import { buildMetricsApp } from "../../webhook/metrics-app.ts";
import { overTcp, overTls, type RawConnection } from "../support/raw-http.ts";
import { appOptions, testCertificate } from "../support/webhook-app.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).toReversed()) await end();
});

async function serve(limits: Partial<ServerLimits> = {}): Promise<{ app: App; port: number }> {
  const app = buildApp(await appOptions({ limits }));
  await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  open.push(() => app.fastify.close());
  return { app, port: (app.fastify.server.address() as AddressInfo).port };
}
async function tls(port: number, options: Parameters<typeof overTls>[1] = {}): Promise<RawConnection> {
  const connection = await overTls(port, options);
  open.push(() => connection.socket.destroy());
  return connection;
}

const post = "POST /mutate HTTP/1.1\r\nHost: webhook\r\nContent-Type: application/json\r\n";
const healthy = "GET /healthz HTTP/1.1\r\nHost: webhook\r\n\r\n";
const smuggled = "GET /healthz HTTP/1.1\r\nHost: webhook\r\n\r\n";

describe("webhook over HTTPS", () => {
  describe("when a request could be read in two ways", () => {
    it.each([
      [
        "Content-Length and Transfer-Encoding",
        `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        "Transfer-Encoding and Content-Length",
        `${post}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n`,
      ],
      ["two Content-Lengths", `${post}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}`],
      ["a Content-Length with a sign", `${post}Content-Length: +2\r\n\r\n{}`],
      ["another Transfer-Encoding", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
      ["chunked, and not last", `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
      ["a bare LF after a header", `${post}Content-Length: 2\nX: y\r\n\r\n{}`],
      ["a bare LF for the end", `${post}Content-Length: 2\n\n{}`],
      ["a bare CR in a header", `${post}X: a\rContent-Length: 2\r\n\r\n{}`],
      ["a blank before the colon", `${post}Content-Length : 2\r\n\r\n{}`],
      ["a folded header", `${post}X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
      ["a chunk's size with a bare LF", `${post}Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n`],
      ["no Host", "POST /mutate HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"],
    ])("refuses %s, and serves nothing more on that connection", async (_, request) => {
      const { port } = await serve();
      const { exchange } = await tls(port);
      const answer = await exchange(`${request}${smuggled}`);
      expect(answer.match(/^HTTP\/1\.1 \d{3}/gm)).toEqual(["HTTP/1.1 400"]);
    });
  });

  it("refuses headers of more than 12 KiB", async () => {
    const { port } = await serve();
    const { status } = await tls(port);
    const request = `GET /healthz HTTP/1.1\r\nHost: webhook\r\nAuthorization: Bearer ${"a".repeat(13_000)}\r\n\r\n`;
    expect(await status(request)).toContain("431");
  });

  describe("when nothing comes, or not all of it", { timeout: 10_000 }, () => {
    it.each([
      ["headers that do not end", "GET /healthz HTTP/1.1\r\nHost:", { headersMs: 200 }],
      ["a body that does not end", `${post}Content-Length: 100\r\n\r\n{`, { headersMs: 200, requestMs: 300 }],
      ["nothing at all", "", { headersMs: 200 }],
    ])("closes a connection with %s", async (_, text, limits) => {
      const { port } = await serve({ requestMs: 60_000, ...limits });
      const { exchange } = await tls(port);
      expect(await exchange(text)).toMatch(/^HTTP\/1\.1 408 /);
    });

    it("closes a connection whose TLS handshake does not come", async () => {
      const { port } = await serve({ handshakeMs: 200 });
      const { exchange, socket } = await overTcp(port);
      open.push(() => socket.destroy());
      expect(await exchange("")).not.toContain("200");
    });
  });

  describe("when somebody opens one connection after the other", () => {
    const tryMany = async (port: number, times: number, localAddress: string) => {
      const opened: RawConnection[] = [];
      for (let time = 0; time < times; time++) {
        const one = await tls(port, { localAddress }).catch(() => undefined);
        if (one !== undefined) opened.push(one);
      }
      return opened;
    };

    it("leaves room for others", async () => {
      const { port } = await serve({ connections: 12 });
      expect(await tryMany(port, 12, "127.0.0.66")).toHaveLength(6);
      expect(await tryMany(port, 12, "127.0.0.67")).toHaveLength(3);
      const [honest] = await tryMany(port, 1, "127.0.0.2");
      expect(await honest?.status(healthy)).toContain("200");
    });

    it("has room again when they are closed", async () => {
      const { port } = await serve({ connections: 4 });
      const opened = await tryMany(port, 4, "127.0.0.66");
      expect(opened).toHaveLength(2);
      opened.forEach(({ socket }) => socket.destroy());
      await expect.poll(async () => (await tryMany(port, 1, "127.0.0.66")).length).toBe(1);
    });
  });

  describe("TLS", () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    const weak = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256:AES256-SHA" } as const;

    it.each([
      ["TLS 1.1", old],
      ["ciphers without AEAD or forward secrecy", weak],
    ])("refuses %s, also with a renewed certificate", async (_, options) => {
      const { app, port } = await serve();
      await expect(tls(port, options)).rejects.toThrow(/alert|closed|ECONNRESET|handshake/i);
      app.useCertificate(await testCertificate());
      await expect(tls(port, options)).rejects.toThrow(/alert|closed|ECONNRESET|handshake/i);
    });

    it.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s", async (version) => {
      const { port } = await serve();
      const { status } = await tls(port, { minVersion: version, maxVersion: version });
      expect(await status(healthy)).toContain("200");
    });
  });
});

describe("metrics over HTTP", () => {
  async function metrics(limits: Partial<ServerLimits> = {}): Promise<number> {
    const app = buildMetricsApp({ metrics: createMetrics(), limits });
    await app.listen({ port: 0, host: "127.0.0.1" });
    open.push(() => app.close());
    return (app.server.address() as AddressInfo).port;
  }

  it("closes a connection with headers that do not end", async () => {
    const { exchange } = await overTcp(await metrics({ headersMs: 200 }));
    expect(await exchange("GET /metrics HTTP/1.1\r\nHost:")).toContain("408");
  });

  it("serves nobody more than half of its connections", async () => {
    const port = await metrics({ connections: 4 });
    const all = await Promise.all([1, 2, 3].map(() => overTcp(port)));
    open.push(() => all.forEach(({ socket }) => socket.destroy()));
    const answers = await Promise.all(all.map(({ status }) => status("GET /metrics HTTP/1.1\r\nHost: m\r\n\r\n")));
    expect(answers.toSorted()).toEqual(["", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK"]);
  });
});
