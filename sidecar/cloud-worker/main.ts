import { text } from "node:stream/consumers";
import { createAwsCloud } from "../../shared/clouds/aws/cloud.ts";
import { EgressError } from "../../shared/errors.ts";
import type { Job } from "../../shared/ledger/port.ts";
import { connectRedis } from "../../shared/ledger/redis/connect.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import { createRedlock } from "../../shared/lock/redlock.ts";
import { createLogger } from "../../shared/log.ts";
import { parseConfig } from "../config.ts";

/** Reads one job from standard input, does it, settles it, exits. The environment is the sidecar's. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const installation = config.STATIC_EGRESS_INSTALLATION;
  const log = createLogger({ name: "cloud-worker", level: config.STATIC_EGRESS_LOG_LEVEL });
  const job = JSON.parse(await text(process.stdin)) as Job;
  if (job.pool.cloud !== "aws")
    throw new EgressError("NODE_OTHER_CLOUD", `a sidecar does no work for cloud ${job.pool.cloud}`);

  const onError = (error: Error) => log.debug({ error }, "connection to the ledger lost");
  const connect = () => connectRedis(config.REDIS_URL, onError);
  const ledger = createRedisLedger({ redis: connect(), installation, duplicate: connect });
  const lockUrls = config.STATIC_EGRESS_LOCK_URLS?.split(",") ?? [];
  const lockServers = [config.REDIS_URL, ...lockUrls].map((url) => connectRedis(url, onError));

  const stopped = new AbortController();
  process.on("SIGTERM", () => stopped.abort(new Error("the pod is being stopped")));
  const cloud = createAwsCloud({
    region: job.pool.region,
    onCall: (call) => log.debug(call, "cloud call"),
  });
  const lock = createRedlock(lockServers, installation);
  await work(job, { ledger, turns: createTurns(ledger), cloud, lock, log }, stopped.signal);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `static-egress cloud worker: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
