import { AuthenticationV1Api } from "@kubernetes/client-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { createMetrics } from "../../../shared/metrics.ts";
import type { Ledger } from "../../../shared/ledger/port.ts";
import type { Leases } from "../../../shared/leases/port.ts";
import { createLeaseService } from "../../../shared/leases/service.ts";
import { brokeredLeases } from "../../../sidecar/broker.ts";
import type { Trust } from "../../../sidecar/trust.ts";
import type { Authorize } from "../../../webhook/authorization/authorize.ts";
import { buildApp } from "../../../webhook/app.ts";
import type { CallLimit } from "../../../webhook/lease-api/calls.ts";
import { reviewTokens } from "../../../webhook/identity/review-tokens.ts";
import { fakeApiServer, type Asked } from "../cluster/fake-api-server.ts";
import { appOptions, testCertificate } from "../webhook-app.ts";
import { reviewOnly, tokenOf } from "./tokens.ts";

export interface BrokerScene {
  readonly url: string;
  /** PEM of the CA to trust it by. */
  readonly ca: string;
  readonly ledger: Ledger;
  /** Everything that was logged. */
  logged(): string;
  /** Pods that the service sleeps for, and TLS connections so far. */
  waiting(): number;
  connections(): number;
  /** Connections that are open, and tokens whose review is held up. */
  open(): number;
  reviewing(): number;
  /** Tokens are not reviewed before. */
  slowReviews(until: Promise<void>): void;
  /** What the webhook says that sidecars are to believe from now on. */
  trust(ca: string): void;
  /** How often requests were refused, by code. */
  refusals(): Promise<Record<string, number>>;
  /** A pod's file with its token; `token` stands for the pod's own. */
  tokenFile(podUid: string, node: string, token?: string): Promise<string>;
  /** A sidecar's leases. */
  leasesOf(podUid: string, node: string): Promise<Leases>;
  close(): Promise<void>;
}

/** Believes a CA, until another one is told; `replaced`: those. */
export function trusting(ca: string): Trust & { readonly replaced: string[] } {
  let current = ca;
  const replaced: string[] = [];
  return {
    replaced,
    current: () => current,
    async replace(next) {
      current = next;
      replaced.push(next);
    },
  };
}

/** The real webhook app over HTTPS with the lease API over the ledger, and an API server that reviews tokens. */
export async function brokerScene(
  ledger: Ledger,
  options: {
    leaseMs?: number;
    answer?: (asked: Asked) => { status?: number; body: unknown };
    /** Of a webhook that serves instead of an earlier one. */
    port?: number;
    tokens?: string;
    callLimit?: CallLimit;
    authorize?: Authorize;
    /** The service sleeps no longer than this. */
    longestSleepMs?: number;
    certificate?: Awaited<ReturnType<typeof testCertificate>>;
  } = {},
): Promise<BrokerScene> {
  const { leaseMs = 60_000, answer = reviewOnly, port = 0 } = options;
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line) => void lines.push(line) });
  const apiServer = await fakeApiServer(answer);
  const client = apiServer.config.makeApiClient(AuthenticationV1Api);
  const metrics = createMetrics();
  const service = createLeaseService({ ledger, leaseMs, log });
  const certificate = options.certificate ?? (await testCertificate());
  const asking = reviewTokens({ client, clock: Date.now });
  let reviewing: Promise<void> = Promise.resolve();
  let held = 0;
  const identify = async (token: string, source: string) => {
    held += 1;
    await reviewing;
    held -= 1;
    return asking(token, source);
  };
  let waiting = 0;
  let trusted = certificate.ca;
  const watched = {
    ...service,
    async woken(...[podUid, timeoutMs, signal]: Parameters<typeof service.woken>) {
      waiting += 1;
      await service.woken(podUid, Math.min(timeoutMs, options.longestSleepMs ?? timeoutMs), signal);
      waiting -= 1;
    },
  };
  const leaseApi = {
    leases: watched,
    identify,
    authorize: options.authorize ?? (() => Promise.resolve()),
    trusted: () => trusted,
    ...(options.callLimit && { callLimit: options.callLimit }),
    metrics,
    log,
  };
  const { fastify } = buildApp(await appOptions({ certificate, metrics, leaseApi }));
  let connections = 0;
  let open = 0;
  fastify.server.on("secureConnection", (socket: TLSSocket) => {
    connections += 1;
    open += 1;
    socket.once("close", () => (open -= 1));
  });
  await fastify.listen({ port, host: "127.0.0.1" });
  const tokens = options.tokens ?? (await mkdtemp(join(tmpdir(), "static-egress-tokens-")));
  const url = `https://localhost:${(fastify.server.address() as AddressInfo).port}`;
  const sidecars: Leases[] = [];

  async function tokenFile(podUid: string, node: string, token = tokenOf({ podUid, node })): Promise<string> {
    const file = join(tokens, podUid);
    await writeFile(file, token);
    return file;
  }
  return {
    url,
    ca: certificate.ca,
    ledger,
    logged: () => lines.join(""),
    waiting: () => waiting,
    slowReviews: (until) => void (reviewing = until),
    trust: (ca) => void (trusted = ca),
    connections: () => connections,
    open: () => open,
    reviewing: () => held,
    async refusals() {
      const { values } = await metrics.apiRefused.get();
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels.code), value]));
    },
    tokenFile,
    async leasesOf(podUid, node) {
      const file = await tokenFile(podUid, node);
      const leases = brokeredLeases({ url, ca: trusting(certificate.ca), tokenFile: file });
      sidecars.push(leases);
      return leases;
    },
    async close() {
      await Promise.all(sidecars.map((leases) => leases.close()));
      await fastify.close();
      await apiServer.close();
      if (options.tokens === undefined) await rm(tokens, { recursive: true });
    },
  };
}
