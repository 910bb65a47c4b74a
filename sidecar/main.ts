import { dirname, join } from "node:path";
import { monotonicClock } from "../shared/clock.ts";
import { EgressError } from "../shared/errors.ts";
import { connectLedger } from "../shared/ledger/redis/connect.ts";
import { createLeaseService } from "../shared/leases/service.ts";
import { createLogger } from "../shared/log.ts";
import { type Agent, startAgent } from "./agent.ts";
import { runCloudWorker } from "./cloud-child.ts";
import { parseConfig } from "./config.ts";
import { createGate } from "./gate.ts";
import { readNodeUid } from "./node-uid.ts";
import { verifyAddress } from "./verify.ts";

/** Clouds whose work a node can do for itself. On GCP a swap would cut off the very node it runs from (design, section 7). */
const ownClouds = ["aws"];
/** The child may compile what it runs: it lives for a second, and its memory goes with it. */
const childFlags = ["--max-semi-space-size=1", "--max-old-space-size=40"];
/** Where the webhook mounts the projected token of audience static-egress. */
const tokenFile = "/var/run/secrets/static-egress/token";
/** SIGTERM leaves at least 2 s; a detach that takes longer is the controller's. */
const timeLeftMs = 1800;

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLogger({ name: "sidecar", level: config.STATIC_EGRESS_LOG_LEVEL });
  const pod = `${config.STATIC_EGRESS_POD_NAMESPACE}/${config.STATIC_EGRESS_POD_NAME}`;
  const leaseMs = config.STATIC_EGRESS_LEASE_SECONDS * 1000;
  const ledger = connectLedger(config.REDIS_URL, {
    installation: config.STATIC_EGRESS_INSTALLATION,
    onError: (error) => log.debug({ error }, "connection to the ledger lost"),
  });
  const leases = createLeaseService({
    ledger,
    work: runCloudWorker(join(dirname(process.argv[1] ?? ""), "cloud-worker.cjs"), childFlags, log),
    mayWork: ownClouds,
    leaseMs,
    log,
  });
  let agent: Agent | undefined;
  // preStop sends SIGUSR2; a sidecar that exited from it would stay down, so it only drains. Before the pid file is there.
  process.on("SIGUSR2", () => void agent?.drain());
  const told = new Promise<void>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => resolve());
  });
  const end = async () => {
    await told;
    await agent?.stop(timeLeftMs);
    await leases.close();
  };
  const ended = end();

  const nodeUid = await readNodeUid(tokenFile);
  const gate = await createGate(config.STATIC_EGRESS_RUN_DIR, process.pid);
  agent = startAgent({
    leases,
    claim: {
      podUid: config.STATIC_EGRESS_POD_UID,
      pod,
      serviceAccount: `${config.STATIC_EGRESS_POD_NAMESPACE}/${config.STATIC_EGRESS_SERVICE_ACCOUNT}`,
      node: config.STATIC_EGRESS_NODE_NAME,
      ...(nodeUid === undefined ? {} : { nodeUid }),
      pool: config.STATIC_EGRESS_POOL,
    },
    gate,
    verify: verifyAddress,
    onUnavailable: config.STATIC_EGRESS_ON_UNAVAILABLE,
    graceMs: config.STATIC_EGRESS_GRACE_SECONDS * 1000,
    leaseMs,
    log,
    clock: monotonicClock,
    random: Math.random,
  });
  await Promise.race([agent.done.then(() => ended), ended]);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const text =
      error instanceof EgressError
        ? `${error.code}: ${error.message}\n${error.fix}`
        : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`static-egress sidecar: ${text}\n`);
    process.exit(1);
  },
);
