import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, redisProgram, startRedis, type TestRedis } from "../support/redis.ts";
import { testCertificate } from "../support/webhook-app.ts";

let folder: string;
let server: TestRedis | undefined;
let url: string;

/** The command line as a process of its own: Node reads NODE_EXTRA_CA_CERTS when it starts. */
function look(env: Record<string, string>): Promise<{ code: unknown; out: string; error: string }> {
  const argv = ["--import", "./test/bench/lua-as-text.ts", "cli/main.ts", "pools"];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env: { REDIS_URL: url, ...env } }, (failure, out, error) =>
      resolve({ code: failure?.code ?? 0, out, error }),
    );
  });
}
async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "static-egress-tls-"));
  const { key, cert, ca } = await testCertificate();
  const port = await freePort();
  const files = {
    "--tls-cert-file": await file("tls.crt", cert),
    "--tls-key-file": await file("tls.key", key),
    "--tls-ca-cert-file": await file("ca.crt", ca),
  };
  const tls = ["--tls-port", String(port), "--tls-auth-clients", "no", ...Object.entries(files).flat()];
  server = await startRedis(tls);
  url = `rediss://localhost:${port}`;
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

describe.skipIf(redisProgram() === undefined)("Redis over TLS", () => {
  it("is believed by a private CA in NODE_EXTRA_CA_CERTS", async () => {
    const { error } = await look({ NODE_EXTRA_CA_CERTS: join(folder, "ca.crt") });
    expect(error).toContain("LEDGER_ABSENT"); // an empty Redis, reached
  });

  it.each([
    ["without its CA", async () => ({})],
    ["by another CA", async () => ({ NODE_EXTRA_CA_CERTS: await file("other.crt", (await testCertificate()).ca) })],
  ])("is not spoken to %s, and the error says so", async (_, env) => {
    const { code, error } = await look(await env());
    expect(code).toBe(1);
    expect(error).toMatch(/LEDGER_UNREACHABLE: Redis at localhost:\d+ does not answer: .*certificate/);
  });

  it("is not spoken to under a name that the certificate does not have", async () => {
    url = url.replace("localhost", "127.0.0.1");
    const { error } = await look({ NODE_EXTRA_CA_CERTS: join(folder, "ca.crt") });
    url = url.replace("127.0.0.1", "localhost");
    expect(error).toMatch(/LEDGER_UNREACHABLE: .*altnames/);
  });
});
