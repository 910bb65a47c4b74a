import { errorCatalogue } from "../../shared/errors.ts";
import { duration } from "../../shared/inspection/duration.ts";
import { nodeRows } from "../../shared/inspection/node-rows.ts";
import { poolRows } from "../../shared/inspection/pool-rows.ts";
import { beatGapMs } from "../../shared/ledger/beat.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { ledgerVersion } from "../../shared/ledger/version.ts";
import type { LedgerOptions } from "../command-options.ts";
import { openRedis } from "../inspection/open-redis.ts";
import { found, ok, type Finding } from "./finding.ts";

/** Looks at Redis and at the ledger in it; nothing is written. Throws what `openRedis` and the ledger throw. */
export async function checkLedger({ redis: url, installation }: LedgerOptions): Promise<Finding[]> {
  const redis = await openRedis(url);
  const ledger = createRedisLedger({ redis, installation, duplicate: () => redis });
  try {
    const info = await redis.info();
    const beat = await redis.hgetall(`static-egress:{${installation}}:beat`);
    const askedMs = Date.now();
    const time = await redis.time();
    const serverMs = Number(time[0]) * 1000 + Number(time[1]) / 1000;
    const skewMs = serverMs - (askedMs + Date.now()) / 2;
    const server = [...judgeServer(info), judgeClock(skewMs)];
    const snapshot = await ledger.snapshot();
    if (snapshot.epoch === "") {
      const seen = `there is no ledger of installation '${installation}' in this Redis`;
      return [...server, found("ledger", "problem", seen, errorCatalogue.LEDGER_ABSENT)];
    }
    return [...server, ...judgeBeat(beat, snapshot.nowMs), ...judgePools(snapshot), ...judgeNodes(snapshot)];
  } finally {
    await ledger.close();
  }
}

/** Version, role and eviction, of what INFO says. Pure. */
export function judgeServer(info: string): Finding[] {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim();
  const valkey = field("valkey_version");
  const version = valkey === undefined ? `Redis ${field("redis_version") ?? "?"}` : `Valkey ${valkey}`;
  const policy = field("maxmemory_policy") ?? "unknown";
  const limited = Number(field("maxmemory") ?? 0) > 0;
  return [
    field("role") === "slave"
      ? found("redis", "warning", `${version}, a read-only replica: enough to look on`, errorCatalogue.LEDGER_READONLY)
      : ok("redis", `${version} answers`),
    evictionOf(policy, limited),
  ];
}

function evictionOf(policy: string, limited: boolean): Finding {
  const seen = `maxmemory-policy ${policy}, ${limited ? "memory is limited" : "memory is not limited"}`;
  if (policy === "noeviction") return ok("eviction", seen);
  const verdict = limited ? "problem" : "warning";
  return found("eviction", verdict, `${seen}: leases would vanish`, "CONFIG SET maxmemory-policy noeviction");
}

const mostSkewMs = 5_000;

/** `skewMs`: how far Redis' clock, by which leases are counted, is ahead of this machine's. Pure. */
export function judgeClock(skewMs: number): Finding {
  const apart = duration(Math.abs(skewMs));
  if (Math.abs(skewMs) <= mostSkewMs)
    return ok("clock", `this machine and Redis agree to within ${mostSkewMs / 1000}s`);
  const side = skewMs > 0 ? "ahead of" : "behind";
  const fix = "Let both keep time by NTP: leases count by Redis' clock, certificates and tokens by the machines' own.";
  return found("clock", "warning", `Redis is ${apart} ${side} this machine`, fix);
}

/** Whether a controller looks after the ledger, and believes it. `beat`: the hash of docs/ledger.md. Pure. */
export function judgeBeat(beat: Readonly<Record<string, string>>, nowMs: number): Finding[] {
  const sinceMs = nowMs - Number(beat["at"] ?? 0);
  const version = Number(beat["version"] ?? 1);
  const doubtMs = Number(beat["doubtUntil"] ?? 0) - nowMs;
  return [
    sinceMs > beatGapMs
      ? found(
          "controller",
          "problem",
          `nobody has looked after the ledger for ${duration(sinceMs)}: nothing is attached by it or detached`,
          "Look at the webhook's pods and their log: kubectl -n static-egress get pods, kubectl -n static-egress logs -l app.kubernetes.io/name=static-egress-webhook",
        )
      : ok("controller", `its last sign of life is ${duration(sinceMs)} old`),
    ...(doubtMs > 0
      ? [
          found(
            "ledger",
            "warning",
            `it is in doubt (${beat["signs"] ?? ""}) for another ${duration(doubtMs)}: nothing is detached until then`,
            "Nothing to do: the controller reads cloud and cluster again.",
          ),
        ]
      : []),
    ...(version > ledgerVersion
      ? [
          found(
            "ledger",
            "problem",
            `its version is ${version}, this program knows ${ledgerVersion}`,
            errorCatalogue.LEDGER_VERSION,
          ),
        ]
      : []),
  ];
}

/** Pools without an address, with strangers on their addresses, or exhausted. Pure. */
export function judgePools(snapshot: Snapshot): Finding[] {
  const rows = poolRows(snapshot);
  if (rows.length === 0) return [found("pools", "warning", "there is no pool", "Write one into pools.yaml.")];
  return rows.map(({ pool, total, free, taken, waiting, exhausted, retired }) => {
    const check = `pool ${pool}`;
    const seen = `${total} addresses, ${free} free, ${waiting} ${waiting === 1 ? "pod waits" : "pods wait"}`;
    if (total === 0 && !retired) {
      const fix =
        "Check its select: no address in the account fits it, or the webhook may not list addresses (its log says so).";
      return found(check, "problem", `${seen}: it has no address`, fix);
    }
    if (exhausted) {
      const fix = "Reserve another address for the pool, or end pods that hold one; see static-egress why-waiting.";
      return found(check, "warning", `${seen}: it is exhausted`, fix);
    }
    if (taken > 0) {
      const fix = "Free them in the cloud, or take them out of the pool; see static-egress addresses.";
      return found(check, "warning", `${seen}; ${taken} attached to something that is not ours, or missing`, fix);
    }
    return ok(check, seen);
  });
}

const mostNodesNamed = 10;

/** Nodes to which nothing can be attached now, private subnets among them. Pure. */
export function judgeNodes(snapshot: Snapshot): Finding[] {
  const bad = nodeRows(snapshot).filter(({ problem }) => problem !== null);
  const shown = bad.slice(0, mostNodesNamed).map(({ node, problem }): Finding => {
    const code = problem?.split(":")[0] ?? "";
    const fix = Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code as keyof typeof errorCatalogue] : "";
    return found(`node ${node}`, "problem", problem ?? "", fix || "See to what it says; it is tried again by itself.");
  });
  const more = bad.length - shown.length;
  if (more > 0)
    shown.push(found("nodes", "problem", `${more} more have a problem`, "See static-egress nodes -o wide."));
  if (bad.length === 0) shown.push(ok("nodes", `${snapshot.nodes.length} in the directory, none with a problem`));
  return shown;
}
