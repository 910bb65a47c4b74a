import type { AddressInfo } from "node:net";
import { AuthenticationV1Api } from "@kubernetes/client-node";
import { pino } from "pino";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { buildApp } from "../../webhook/app.ts";
import { ReusingKubeConfig } from "../../webhook/controller/cluster/kube-config.ts";
import { serverLimits } from "../../webhook/limits.ts";
import { reviewTokens } from "../../webhook/identity/review-tokens.ts";
import { appOptions, testCertificate } from "../support/webhook-app.ts";
import { leaseMs } from "./lease-load.ts";

// The process that join.ts and holders.ts measure: a webhook replica's lease API over HTTPS, on the Redis of its first argument,
// which has tokens reviewed by the API server of its second. Says where it listens, and answers each message with what it uses.

const [url = "", apiServer = "", connections = ""] = process.argv.slice(2);
const config = new ReusingKubeConfig();
config.loadFromClusterAndUser({ name: "fake", server: apiServer, skipTLSVerify: true }, { name: "nobody" });
const log = pino({ level: "silent" });
const metrics = createMetrics();
const certificate = await testCertificate();
const leases = createLeaseService({
  ledger: connectLedger(url, { installation: "bench" }),
  work: () => Promise.reject(new Error("no cloud work was asked for")),
  mayWork: [],
  leaseMs,
  log,
});
const identify = reviewTokens({ client: config.makeApiClient(AuthenticationV1Api), clock: Date.now });
const leaseApi = { leases, identify, authorize: () => Promise.resolve(), trusted: () => certificate.ca, metrics, log };
const limits = { ...serverLimits, connections: Number(connections) };
const { fastify } = buildApp(await appOptions({ certificate, metrics, leaseApi, limits }));
await fastify.listen({ port: 0, host: "127.0.0.1" });

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port: (fastify.server.address() as AddressInfo).port, ca: certificate.ca });
