import type { Cluster, Redis } from "ioredis";
import { EgressError } from "../../errors.ts";
import type { Ledger, Repairs } from "../port.ts";
import { holdersShown } from "../records.ts";
import { drainMarginMs, longestPaceMs, paceLagMs, type PaceLimits } from "../times.ts";
import { prepareCommands, type Reply, type CommandName } from "./commands.ts";
import { toLedgerError } from "./errors.ts";
import { partsOf } from "./parts.ts";
import {
  toAcquisition,
  toBeat,
  toDue,
  toFigures,
  toHistory,
  toJob,
  toPodLease,
  toPlaces,
  toRelease,
  toRenewal,
  toRepairs,
  toSnapshot,
} from "./replies.ts";
import { createSubscriber } from "./subscriber.ts";

/**
 * The ledger over one Redis connection (see the port). `duplicate` makes the second connection that wake-ups need; it is
 * opened with the first subscription and closed with the last. `check` is asked before each command and may refuse the server.
 */
export function createRedisLedger(options: {
  redis: Redis | Cluster;
  installation: string;
  duplicate: () => Redis | Cluster;
  clockLua?: string;
  check?: () => Promise<void>;
}): Ledger {
  const root = `static-egress:{${options.installation}}`;
  const command = prepareCommands(options.redis, root, options.clockLua);
  const subscriber = createSubscriber(options.duplicate);

  async function runIn(term: number | null, name: CommandName, ...argv: (string | number)[]): Promise<Reply> {
    try {
      await options.check?.();
      return await command(name, ...argv, term ?? "");
    } catch (error) {
      throw toLedgerError(error, `ledger command ${name}`);
    }
  }

  const inTerm = (term: number | null): Ledger => {
    const run = (name: CommandName, ...argv: (string | number)[]) => runIn(term, name, ...argv);
    const pace = (bucket: string, { burst, perSecond }: PaceLimits, wanted: number, pauseMs: number) =>
      run("pace", bucket, burst, perSecond, longestPaceMs, paceLagMs, wanted, Math.round(pauseMs));
    return {
      async acquire(claim, { leaseMs, mayWork, running = false }) {
        const { podUid, pod, serviceAccount, node, nodeUid = "", pool, note, secretHash = "" } = claim;
        const how = [leaseMs, mayWork.join(","), nodeUid, running ? 1 : 0, secretHash];
        const said = [note?.kind ?? "", note?.detail ?? ""];
        return toAcquisition(await run("acquire", podUid, pod, serviceAccount, node, pool, ...how, ...said));
      },
      async renew(podUid, leaseMs, note, secretHash = "") {
        const said = note === undefined ? [] : [note?.kind ?? "", note?.detail ?? ""];
        return toRenewal(await run("renew", podUid, leaseMs, secretHash, ...said));
      },
      async drain(podUid, { leaseMs, graceMs, secretHash = "" }) {
        await run("drain", podUid, leaseMs, graceMs + drainMarginMs, secretHash);
      },
      release: async (podUid, { mayWork, expiredAtMs = "", secretHash = "" }) =>
        toRelease(await run("release", podUid, mayWork.join(","), expiredAtMs, secretHash)),

      async begin(machine) {
        const reply = await run("begin", machine);
        if (!Array.isArray(reply))
          throw new EgressError("LEDGER_REPLY", `the ledger answered begin with ${String(reply)}`);
        return reply.length === 0 ? null : toJob(reply[0], reply[1]);
      },
      extend: async (machine, fence) => (await run("extend", machine, fence)) === 1,
      settle: async (machine, fence, settlement) =>
        (await run("settle", machine, fence, JSON.stringify(settlement))) === 1,

      pace: async (bucket, limits, wanted) => toPlaces(await pace(bucket, limits, wanted, 0)),
      async penalize(bucket, limits, pauseMs) {
        await pace(bucket, limits, 0, pauseMs);
      },

      async putPools(pools) {
        const refused = await run("putPools", ...pools.flatMap((pool) => [pool.name, JSON.stringify(pool)]));
        return Array.isArray(refused) ? refused.map(String) : [];
      },
      async putNode(node) {
        await run("putNode", node.name, JSON.stringify(node), node.machine.id);
      },
      async removeNode(name) {
        await run("removeNode", name);
      },
      async endLeases(machine) {
        await run("endLeases", machine);
      },
      async putInventory(pool, addresses, readAtMs) {
        const repairs = { adopted: 0, lost: 0, out: [] as Repairs["out"] };
        for (const part of partsOf(addresses)) {
          const { adopted, lost, out } = toRepairs(await run("putInventory", pool, readAtMs, ...part));
          repairs.adopted += adopted;
          repairs.lost += lost;
          repairs.out = out;
        }
        return repairs;
      },
      missed: async (...which) => (await run("missed", ...which)) === 1,

      async beat(mirror, restored = "") {
        const newTerm = term ?? "";
        if (mirror !== null) return toBeat(await run("beat", newTerm, mirror.epoch, mirror.sequence, restored));
        return toBeat(await runIn(null, "beat", newTerm)); // the Lease is a new one: its count of terms begins anew
      },
      inTerm,

      now: async () => Number(await run("now")),
      due: async (changedSinceMs) => toDue(await run("due", changedSinceMs ?? "")),
      lease: async (podUid) => toPodLease(await run("lease", podUid)),
      look: async (machine) => toSnapshot(await run("snapshot", machine)),
      figures: async () => toFigures(await run("figures", holdersShown)),
      snapshot: async () => toSnapshot(await run("snapshot", "")),
      history: async (after, most) => toHistory(await run("history", after, most)),

      onWake: (podUid, wake) => subscriber.on(`${root}:wake:${podUid}`, wake),
      onChange: (changed) =>
        subscriber.on(`${root}:changed`, (message) => {
          const [, machine] = /^due (.*)$/.exec(message) ?? [];
          changed(machine ?? message, machine !== undefined);
        }),

      async close() {
        await subscriber.close();
        options.redis.disconnect();
      },
    };
  };
  return inTerm(null);
}
