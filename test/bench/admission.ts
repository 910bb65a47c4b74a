import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { admit } from "../../webhook/admission/admit.ts";
import { readReview } from "../../webhook/admission/review.ts";
import { admissionSettings, fixtures, testCertificate } from "../support/webhook-app.ts";
import { load, type LoadResult, type Target } from "./https-load.ts";

export interface AdmissionFigures {
  readonly machine: string;
  readonly bodyBytes: number;
  readonly webhook: ServerFigures;
  readonly bare: ServerFigures;
  readonly rateRatio: number;
  readonly p99Ratio: number;
  /** CPU time a request of the bare server, over ours: the rate ratio that a quiet machine would show. */
  readonly cpuRatio: number;
}

interface ServerFigures {
  readonly at200: LoadResult;
  /** The highest rate whose p99 stayed under 50 ms. */
  readonly highest: LoadResult;
  readonly rssMiB: number;
  /** The server's own CPU time for one request when it is saturated: what neighbours on the machine disturb least. */
  readonly cpuMicros: number;
}

const p99LimitMs = 50;
const ports = { webhook: 18_453, metrics: 18_454, bare: 18_455 };
const main = fileURLToPath(new URL("../../dist/webhook/main.js", import.meta.url));
const bareServer = fileURLToPath(new URL("bare-server.ts", import.meta.url));

/** Measures dist/webhook (build it first) against a bare node:https server that answers a constant of the same size. */
export async function benchAdmission(): Promise<AdmissionFigures> {
  const folder = mkdtempSync(join(tmpdir(), "static-egress-bench-"));
  const file = (name: string, content?: string): string => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  };
  const { cert, key, ca } = await testCertificate();
  const certFile = file("tls.crt", cert);
  const keyFile = file("tls.key", key);
  const body = reviewBody();
  const answer = JSON.stringify(admit(readReview(JSON.parse(body)), admissionSettings).reply);
  const log = openSync(file("log"), "w");
  const children = {
    webhook: spawn(process.execPath, [main], {
      stdio: ["ignore", log, "inherit"],
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
      },
    }),
    bare: spawn(process.execPath, [bareServer, certFile, keyFile, String(ports.bare), file("answer.json", answer)]),
  };
  try {
    const target = (port: number): Target => ({ port, ca, body });
    await Promise.all([listening(target(ports.webhook)), listening(target(ports.bare))]);
    const bare = await measure(target(ports.bare), children.bare);
    const webhook = await measure(target(ports.webhook), children.webhook);
    return {
      machine: `${cpus().length} x ${cpus()[0]?.model ?? "?"}, Node ${process.version}`,
      bodyBytes: body.length,
      webhook,
      bare,
      rateRatio: ratio(webhook.highest.rate, bare.highest.rate),
      cpuRatio: ratio(bare.cpuMicros, webhook.cpuMicros),
      p99Ratio: ratio(webhook.at200.p99Ms, bare.at200.p99Ms),
    };
  } finally {
    for (const child of Object.values(children)) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

/** A Deployment's pod as the API server sends it: compact, with managed fields. */
function reviewBody(): string {
  const review = JSON.parse(readFileSync(new URL("generate-name/review.json", fixtures), "utf8")) as {
    request: { object: { metadata: Record<string, unknown> } };
  };
  const fields = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f:field${index}`, { "f:value": {} }]));
  review.request.object.metadata["managedFields"] = [{ manager: "kube-controller-manager", fieldsV1: fields }];
  return JSON.stringify(review);
}

async function measure(target: Target, child: ChildProcess): Promise<ServerFigures> {
  await load(target, { seconds: 3, concurrency: 16 });
  const at200 = await load(target, { seconds: 10, rate: 200 });
  const before = cpuMs(child);
  const seconds = 5;
  const saturated = await load(target, { seconds, concurrency: 32 });
  const cpuMicros = Math.round(((cpuMs(child) - before) * 1000) / (saturated.rate * seconds));
  let highest: LoadResult = { rate: 0, p50Ms: 0, p99Ms: Infinity, failures: 0 };
  for (const share of [1.1, 1.05, 1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5]) {
    highest = await load(target, { seconds: 4, rate: Math.round(saturated.rate * share) });
    if (highest.p99Ms < p99LimitMs && highest.failures === 0) break;
  }
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return { at200, highest, rssMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024), cpuMicros };
}

/** User and system time so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second). */
function cpuMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
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

function ratio(a: number, b: number): number {
  return Math.round((a / b) * 100) / 100;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const figures = await benchAdmission();
  console.log(JSON.stringify(figures, null, 2));
  const row = (name: string, { at200, highest, rssMiB, cpuMicros }: ServerFigures) =>
    `| ${name} | ${at200.p50Ms} ms | ${at200.p99Ms} ms | ${highest.rate}/s (p99 ${highest.p99Ms} ms) | ${cpuMicros} us | ${rssMiB} MiB |`;
  console.log(
    "| admission | p50 at 200/s | p99 at 200/s | highest rate with p99 under 50 ms | CPU a request | RSS after |",
  );
  console.log("|---|---|---|---|---|---|");
  console.log(row("webhook", figures.webhook));
  console.log(row("bare node:https", figures.bare));
}
