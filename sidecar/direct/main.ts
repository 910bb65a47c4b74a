import { dirname, join } from "node:path";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createLogger } from "../../shared/log.ts";
import { runCloudWorker } from "../cloud-child.ts";
import { parseConfig } from "../config.ts";
import { exitWith, runSidecar } from "../run.ts";

/** Clouds whose work a node can do for itself. On GCP a swap would cut off the very node it runs from (design, section 7). */
const ownClouds = ["aws"];
/** The child may compile what it runs: it lives for a second, and its memory goes with it. */
const childFlags = ["--max-semi-space-size=1", "--max-old-space-size=40"];

/** Leases over the ledger, with the pod's own access to Redis and, on AWS, to the cloud. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLogger({ name: "sidecar", level: config.STATIC_EGRESS_LOG_LEVEL });
  const ledger = connectLedger(config.REDIS_URL, {
    installation: config.STATIC_EGRESS_INSTALLATION,
    onError: (error) => log.debug({ error }, "connection to the ledger lost"),
  });
  const leases = createLeaseService({
    ledger,
    work: runCloudWorker(join(dirname(process.argv[1] ?? ""), "cloud-worker.cjs"), childFlags, log),
    mayWork: ownClouds,
    leaseMs: config.STATIC_EGRESS_LEASE_SECONDS * 1000,
    log,
  });
  await runSidecar(config, leases, log);
}

exitWith(main());
