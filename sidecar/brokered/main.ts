import { join } from "node:path";
import { createLogger } from "../../shared/log.ts";
import { brokeredLeases } from "../broker.ts";
import { parseBrokeredConfig } from "../config.ts";
import { keptTrust } from "../trust.ts";
import { exitWith, runSidecar } from "../run.ts";

/** Leases by the webhook's lease API: no Redis, no cloud, no key but the pod's own token. */
async function main(): Promise<void> {
  const config = parseBrokeredConfig(process.env);
  const log = createLogger({ name: "sidecar", level: config.STATIC_EGRESS_LOG_LEVEL });
  const leases = brokeredLeases({
    url: config.STATIC_EGRESS_BROKER_URL,
    ca: await keptTrust(join(config.STATIC_EGRESS_RUN_DIR, "ca.crt"), config.STATIC_EGRESS_BROKER_CA, log),
    tokenFile: config.STATIC_EGRESS_TOKEN_FILE,
  });
  await runSidecar(config, leases, log);
}

exitWith(main());
