import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { admissionSettings, fixtures } from "../support/admission-settings.ts";
import { testCertificate } from "../support/webhook-app.ts";
import { load, type Target } from "./https-load.ts";
import { root } from "./root.ts";

/** A server that is measured, and its process. */
export interface Server {
  readonly target: Target;
  readonly child: ChildProcess;
}

const ports = { webhook: 18_453, metrics: 18_454, bare: 18_455 };
const bareServer = fileURLToPath(new URL("bare-server.ts", import.meta.url));

/** Starts dist/webhook as its image does, and the bare server. `close` ends both. */
export async function startServers(options: {
  readonly body: string;
  readonly answer: string;
  /** More environment for the webhook. */
  readonly env?: Readonly<Record<string, string>>;
}): Promise<{ webhook: Server; bare: Server; close(): Promise<void> }> {
  const { body, answer, env } = options;
  const folder = mkdtempSync(join(tmpdir(), "static-egress-bench-"));
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const { cert, key, ca } = await testCertificate();
  const certFile = file("tls.crt", cert);
  const keyFile = file("tls.key", key);
  const server = (port: number, child: ChildProcess): Server => ({ target: { port, ca, body }, child });
  const webhook = spawn(process.execPath, [...imageFlags(), join(root, "dist/webhook/main.js")], {
    stdio: ["ignore", openSync(join(folder, "log"), "w"), "inherit"],
    env: {
      PATH: process.env["PATH"],
      REDIS_URL: "memory://",
      STATIC_EGRESS_KUBERNETES: "off",
      STATIC_EGRESS_SIDECAR_IMAGE: admissionSettings.sidecar.image,
      STATIC_EGRESS_POOLS_FILE: fileURLToPath(new URL("pools.yaml", fixtures)),
      STATIC_EGRESS_LISTEN_PORT: String(ports.webhook),
      STATIC_EGRESS_METRICS_PORT: String(ports.metrics),
      STATIC_EGRESS_TLS_CERT_FILE: certFile,
      STATIC_EGRESS_TLS_KEY_FILE: keyFile,
      STATIC_EGRESS_TLS_CA_FILE: certFile,
      ...env,
    },
  });
  const bare = spawn(process.execPath, [
    bareServer,
    certFile,
    keyFile,
    String(ports.bare),
    file("answer.json", answer),
  ]);
  const servers = { webhook: server(ports.webhook, webhook), bare: server(ports.bare, bare) };
  const close = async (): Promise<void> => {
    await Promise.all([webhook, bare].map(ended));
    rmSync(folder, { recursive: true });
  };
  try {
    await Promise.all([listening(servers.webhook.target), listening(servers.bare.target)]);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...servers, close };
}

/** What the image's entry point gives to node. */
export function imageFlags(): string[] {
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, "Dockerfile.webhook"), "utf8"))?.[1];
  if (entry === undefined) throw new Error("Dockerfile.webhook has no ENTRYPOINT as a list");
  return (JSON.parse(entry) as string[]).slice(1, -1);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await exit;
}

async function listening(target: Target): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const up = await load(target, { seconds: 0.01, concurrency: 1 }).then(
      () => true,
      () => false,
    );
    if (up) return;
    await after(100);
  }
  throw new Error(`nothing listens on port ${target.port}`);
}

/** User and system time so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second). */
export function cpuMs({ child }: Server): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function rssMiB({ child }: Server): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
}
