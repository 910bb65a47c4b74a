import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../shared/log.ts";
import { keptTrust } from "../../sidecar/trust.ts";

const log = createLogger({ name: "test", level: "silent" });
const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "static-egress-"))));
afterEach(() => rm(folder, { recursive: true }));

describe("keptTrust", () => {
  it("begins with the injected CA, and a later container with the one that was told last", async () => {
    const file = join(folder, "run", "ca.crt");
    const first = await keptTrust(file, pem("injected"), log);
    expect(first.current()).toBe(pem("injected"));
    await first.replace(pem("renewed"));
    expect(first.current()).toBe(pem("renewed"));
    expect((await keptTrust(file, pem("injected"), log)).current()).toBe(pem("renewed"));
  });

  it("does not begin with what is no certificate: an app can write there, too", async () => {
    const file = join(folder, "ca.crt");
    await writeFile(file, "");
    expect((await keptTrust(file, pem("injected"), log)).current()).toBe(pem("injected"));
  });

  it("goes on with what it was told where it cannot keep it", async () => {
    const file = join(folder, "ca.crt");
    const trust = await keptTrust(join(file, "none"), pem("injected"), log);
    await writeFile(file, "");
    await trust.replace(pem("renewed"));
    expect(trust.current()).toBe(pem("renewed"));
  });
});
