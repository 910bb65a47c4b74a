import { monotonicClock } from "../shared/clock.ts";
import { EgressError } from "../shared/errors.ts";
import type { Leases } from "../shared/leases/port.ts";
import type { Logger } from "../shared/log.ts";
import { type Agent, startAgent } from "./agent.ts";
import type { SidecarConfig } from "./config.ts";
import { createGate } from "./gate.ts";
import { readNodeUid } from "./node-uid.ts";
import { verifyAddress } from "./verify.ts";

/** SIGTERM leaves at least 2 s; a detach that takes longer is the controller's. */
const timeLeftMs = 1800;

/** The life of a sidecar, from its start until SIGTERM, wherever its leases come from. Closes them. */
export async function runSidecar(config: SidecarConfig, leases: Leases, log: Logger): Promise<void> {
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

  const namespace = config.STATIC_EGRESS_POD_NAMESPACE;
  const nodeUid = await readNodeUid(config.STATIC_EGRESS_TOKEN_FILE);
  const gate = await createGate(config.STATIC_EGRESS_RUN_DIR, process.pid);
  agent = startAgent({
    leases,
    claim: {
      podUid: config.STATIC_EGRESS_POD_UID,
      pod: `${namespace}/${config.STATIC_EGRESS_POD_NAME}`,
      serviceAccount: `${namespace}/${config.STATIC_EGRESS_SERVICE_ACCOUNT}`,
      node: config.STATIC_EGRESS_NODE_NAME,
      ...(nodeUid === undefined ? {} : { nodeUid }),
      pool: config.STATIC_EGRESS_POOL,
    },
    gate,
    verify: verifyAddress,
    onUnavailable: config.STATIC_EGRESS_ON_UNAVAILABLE,
    graceMs: config.STATIC_EGRESS_GRACE_SECONDS * 1000,
    leaseMs: config.STATIC_EGRESS_LEASE_SECONDS * 1000,
    log,
    clock: monotonicClock,
    random: Math.random,
  });
  await Promise.race([agent.done.then(() => ended), ended]);
}

/** Ends the process with the program: 0, or 1 and what is wrong in words. */
export function exitWith(program: Promise<void>): void {
  program.then(
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
}
