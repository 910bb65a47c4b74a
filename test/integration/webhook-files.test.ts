import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { watchPools } from "../../shared/pools/watch.ts";
import { buildApp } from "../../webhook/app.ts";
import { certificateFromFiles } from "../../webhook/certificates/files.ts";
import { appOptions, testCertificate } from "../support/webhook-app.ts";

/** Long: tests look for themselves. */
const everyMs = 3_600_000;
const log = pino({ level: "silent" });
let folder: string;
let generation = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "static-egress-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Changes mounted files as the kubelet does: a new folder, and `..data` swapped to it. */
async function mount(files: Record<string, string>): Promise<void> {
  const target = `..${++generation}`;
  await mkdir(join(folder, target));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, target, name), text);
  await symlink(target, join(folder, "..new"));
  await rename(join(folder, "..new"), join(folder, "..data"));
  for (const name of Object.keys(files)) await symlink(join("..data", name), join(folder, name)).catch(() => undefined);
}

const pools = (name: string) =>
  `pools: [{ name: ${name}, cloud: memory, region: r, select: { addresses: [203.0.113.1] } }]`;

describe("watchPools", () => {
  const watch = () => watchPools({ file: join(folder, "pools.yaml"), everyMs });

  describe("when the mounted file changes", () => {
    it("has the new pools in force, and says so once", async () => {
      await mount({ "pools.yaml": pools("a") });
      const source = await watch();
      let calls = 0;
      source.subscribe(() => calls++);
      await mount({ "pools.yaml": pools("b") });
      await source.look();
      await source.look();
      source.close();
      expect(source.current().map(({ name }) => name)).toEqual(["b"]);
      expect(calls).toBe(1);
    });
  });

  describe("when the file becomes wrong or goes away", () => {
    it("keeps the last good pools, says what is wrong, and recovers", async () => {
      await mount({ "pools.yaml": pools("a") });
      const source = await watch();
      const seen: (string | undefined)[] = [];
      source.subscribe(() => seen.push(source.problem()?.message.split("\n").at(-1)));
      await mount({ "pools.yaml": pools("A") });
      await source.look();
      expect(source.current().map(({ name }) => name)).toEqual(["a"]);
      await rm(join(folder, "..data"));
      await source.look();
      await source.look();
      await mount({ "pools.yaml": pools("a") });
      await source.look();
      source.close();
      expect(seen).toEqual([
        expect.stringContaining('pools[0].name: saw "A"'),
        expect.stringContaining("cannot be read"),
        undefined,
      ]);
    });
  });

  describe("when the file goes away and comes back as it was", () => {
    it("has no problem left", async () => {
      await mount({ "pools.yaml": pools("a") });
      const source = await watch();
      await rm(join(folder, "..data"));
      await source.look();
      expect(source.problem()).toMatchObject({ code: "POOLS_INVALID" });
      await mount({ "pools.yaml": pools("a") });
      await source.look();
      source.close();
      expect(source.problem()).toBeUndefined();
    });
  });

  describe("when the file is wrong at the start", () => {
    it("rejects", async () => {
      await mount({ "pools.yaml": "pools: 1" });
      await expect(watch()).rejects.toMatchObject({ code: "POOLS_INVALID" });
    });
  });
});

describe("certificateFromFiles", () => {
  const open = () =>
    certificateFromFiles({ certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), log, everyMs });

  describe("with the CA's file", () => {
    const withCa = () =>
      certificateFromFiles({
        certFile: join(folder, "tls.crt"),
        keyFile: join(folder, "tls.key"),
        caFile: join(folder, "ca.crt"),
        log,
        everyMs,
      });

    it("says whom to believe, and a new CA before its certificate is there", async () => {
      const [first, second] = [await testCertificate(), await testCertificate()];
      await mount({ "tls.crt": first.cert, "tls.key": first.key, "ca.crt": first.ca });
      const source = await withCa();
      expect(source.trusted()).toBe(first.ca);
      await mount({ "tls.crt": first.cert, "tls.key": first.key, "ca.crt": `${second.ca}${first.ca}` });
      await source.look();
      expect(source.trusted()).toBe(`${second.ca}${first.ca}`);
      source.close();
    });

    it("refuses what is none: it would be written into pods", async () => {
      const { cert, key } = await testCertificate();
      await mount({ "tls.crt": cert, "tls.key": key, "ca.crt": "none" });
      await expect(withCa()).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
    });
  });

  describe("when the mounted certificate changes under a running server", () => {
    it("is shown to new connections, and connections that are open go on", async () => {
      const first = await testCertificate();
      const second = await testCertificate();
      await mount({ "tls.crt": first.cert, "tls.key": first.key });
      const source = await open();
      const app = buildApp(await appOptions({ certificate: source.current() }));
      source.subscribe((certificate) => app.useCertificate(certificate));
      await app.fastify.listen({ port: 0, host: "127.0.0.1" });
      const { port } = app.fastify.server.address() as AddressInfo;
      const ca = [first.ca, second.ca];
      const before = await shown(port, ca);
      await mount({ "tls.crt": second.cert, "tls.key": second.key });
      await source.look();
      const after = await shown(port, ca);
      source.close();
      await app.fastify.close();
      expect(before.status).toBe(200);
      expect(after.status).toBe(200);
      expect(after.fingerprint).not.toBe(before.fingerprint);
    });
  });

  describe("when key and certificate do not belong together", () => {
    it("rejects at the start, and keeps the last good pair later", async () => {
      const [first, second] = [await testCertificate(), await testCertificate()];
      await mount({ "tls.crt": first.cert, "tls.key": second.key });
      await expect(open()).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
      await mount({ "tls.crt": first.cert, "tls.key": first.key });
      const source = await open();
      await mount({ "tls.crt": second.cert, "tls.key": first.key });
      await source.look();
      source.close();
      expect(source.current().cert).toBe(first.cert);
    });
  });

  describe("when the files are missing or no PEM", () => {
    it("rejects", async () => {
      await expect(open()).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
      await mount({ "tls.crt": "x", "tls.key": "y" });
      await expect(open()).rejects.toMatchObject({ code: "CERTIFICATE_INVALID" });
    });
  });
});

function shown(port: number, ca: string[]): Promise<{ status: number | undefined; fingerprint: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { port, host: "127.0.0.1", servername: "localhost", path: "/healthz", ca, agent: false },
      (answer) => {
        const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
        answer.resume().on("end", () => resolve({ status: answer.statusCode, fingerprint: fingerprint256 }));
      },
    );
    asked.on("error", reject).end();
  });
}
