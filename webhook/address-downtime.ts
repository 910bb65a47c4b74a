import { codeOf } from "../shared/errors.ts";
import type { Cloud } from "../shared/clouds/port.ts";
import type { Job } from "../shared/ledger/port.ts";
import type { Logger } from "../shared/log.ts";
import type { Pool } from "../shared/pools/schema.ts";

interface DowntimeOptions {
  readonly clouds: { forPool(pool: Pool): Promise<Cloud> };
  /** One node was without a public address for so long. */
  readonly measured: (job: Job, ms: number) => void;
  /** How many nodes of that cloud are without one now, as far as this process knows. */
  readonly standing: (cloud: string, count: number) => void;
  readonly log: Logger;
}

interface Outage {
  readonly job: Job;
  readonly sinceMs: number;
  nextLookMs: number;
}

const tickMs = 1_000;
/** AWS gives an address back by itself, after seconds; elsewhere the work does, and only what it left behind is looked for. */
const firstLookMs = (cloud: string): number => (cloud === "aws" ? 1_000 : 30_000);
/** Looks become rare, from a quarter of the time passed so far up to this: a node may stand so for ever (`onRelease: release`). */
const slowestLookMs = 60_000;

export interface AddressDowntime {
  /** A job's node has lost its public address (false), or has one again (true). */
  publicAddress(job: Job, there: boolean): void;
  close(): void;
}

/**
 * How long nodes stand without any public address around the work of this process: from the moment the old one went to the
 * moment one is back, whoever gave it. Nodes that got none from the work itself are looked at in the cloud, all at once a second.
 */
export function measureDowntime({ clouds, measured, standing, log }: DowntimeOptions): AddressDowntime {
  const outages = new Map<string, Outage>();
  let looking = false;

  function tell({ pool: { cloud } }: Job): void {
    standing(cloud, [...outages.values()].filter(({ job }) => job.pool.cloud === cloud).length);
  }

  function end(outage: Outage): void {
    if (outages.get(outage.job.machine.id) !== outage) return;
    outages.delete(outage.job.machine.id);
    tell(outage.job);
  }

  async function look(outage: Outage): Promise<void> {
    const { job, sinceMs } = outage;
    try {
      const cloud = await clouds.forPool(job.pool);
      const { egressIp } = await cloud.describeNode(job.machine.providerId);
      if (egressIp === null || outages.get(job.machine.id) !== outage) return;
      measured(job, performance.now() - sinceMs);
      end(outage);
    } catch (error) {
      if (codeOf(error) === "NODE_UNKNOWN") end(outage);
      else log.debug({ error, machine: job.machine.id }, "node without an address not looked at");
    }
  }

  async function lookAtDue(): Promise<void> {
    if (looking) return;
    looking = true;
    const now = performance.now();
    const due = [...outages.values()].filter(({ nextLookMs }) => nextLookMs <= now);
    for (const outage of due) {
      outage.nextLookMs = now + Math.min(slowestLookMs, Math.max(tickMs, (now - outage.sinceMs) / 4));
    }
    await Promise.all(due.map(look));
    looking = false;
  }
  const ticking = setInterval(() => void lookAtDue(), tickMs);
  ticking.unref();

  return {
    publicAddress(job, there) {
      const known = outages.get(job.machine.id);
      const now = performance.now();
      if (!there) {
        const nextLookMs = now + firstLookMs(job.pool.cloud);
        if (known === undefined) outages.set(job.machine.id, { job, sinceMs: now, nextLookMs });
        tell(job);
      } else if (known !== undefined) {
        measured(known.job, now - known.sinceMs);
        end(known);
      }
    },
    close: () => clearInterval(ticking),
  };
}
