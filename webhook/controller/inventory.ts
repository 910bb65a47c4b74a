import { codeOf } from "../../shared/errors.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import type { Ledger, Repairs } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface InventoryOptions {
  readonly ledger: Pick<Ledger, "now" | "putInventory" | "missed">;
  readonly clouds: { forPool(pool: Pool): Promise<Cloud> };
  readonly pools: () => readonly Pool[];
  readonly everyMs: number;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly metrics: Pick<ControllerMetrics, "inventoryRead" | "repaired">;
  /** Called when a pool is known that was not before. */
  readonly learned: () => void;
  readonly signal: AbortSignal;
}

export interface Inventory {
  /**
   * Reads every pool once `after` has resolved, and from then on every `everyMs`; with `againAfterMs` once more that long after
   * this call.
   */
  readAll(after: Promise<void>, againAfterMs?: number): void;
  /** Whether the pool has been read since `readAll`: until then the ledger may not know what the cloud holds. */
  known(pool: string): boolean;
  idle(): Promise<void>;
}

/** A select that was mistaken puts a whole pool out of itself; its machines are not all read each minute. */
const outAtOnce = 50;

/** Keeps the ledger's addresses like the clouds' inventories. One pool's trouble does not hold up another pool. */
export function startInventory(options: InventoryOptions): Inventory {
  const { ledger, clouds, pools, everyMs, log, troubles, metrics, learned, signal } = options;
  const unread = new Set<string>();
  let turn = 0;
  let againAtMs = 0;

  /** What no inventory lists any more is looked for on its node; a little of it at a time. */
  async function lookAtOut(cloud: Cloud, out: Repairs["out"], readAtMs: number): Promise<void> {
    const first = out.length === 0 ? 0 : turn % out.length;
    turn += outAtOnce;
    const now = [...out.slice(first), ...out.slice(0, first)].slice(0, outAtOnce);
    await Promise.all(
      now.map(async ({ machine, address }) => {
        try {
          const { id, running, egressIp } = await cloud.describeNode(machine.providerId, signal);
          if (!running || id !== machine.id || egressIp === address.ip) return;
          if (!(await ledger.missed(machine.id, address.id, readAtMs))) return;
          log.warn({ machine: machine.id, address: address.ip }, "an address out of its pool was taken off");
          metrics.repaired("attached again", 1);
        } catch (error) {
          // A machine that is gone is not for us to judge: its node will be.
          if (codeOf(error) !== "NODE_UNKNOWN") troubles.tell({ error, machine: machine.id }, "machine not read");
        }
      }),
    );
  }

  async function read(name: string): Promise<number | undefined> {
    const pool = pools().find((candidate) => candidate.name === name);
    if (pool === undefined) {
      unread.delete(name);
      return undefined;
    }
    const readAtMs = await ledger.now();
    const cloud = await clouds.forPool(pool);
    const rows = await cloud.listAddresses(pool, signal);
    const { adopted, lost, out } = await ledger.putInventory(name, rows, readAtMs);
    if (adopted + lost > 0) log.warn({ pool: name, adopted, lost }, "the cloud and the ledger differed");
    metrics.repaired("adopted", adopted);
    metrics.repaired("attached again", lost);
    if (unread.delete(name)) learned();
    metrics.inventoryRead(name, "ok");
    await lookAtOut(cloud, out, readAtMs);
    const untilAgainMs = againAtMs - performance.now();
    return untilAgainMs > 0 ? Math.min(everyMs, untilAgainMs) : everyMs;
  }

  const queue = createWorkQueue({
    concurrency: 8,
    run: read,
    failed(pool, error, attempt) {
      metrics.inventoryRead(pool, codeOf(error) ?? "error");
      troubles.tell({ error, pool, attempt }, "inventory not read");
    },
    signal,
  });

  return {
    readAll(after, againAfterMs = 0) {
      againAtMs = Math.max(againAtMs, performance.now() + againAfterMs);
      for (const pool of pools()) {
        unread.add(pool.name);
        void after.then(() => queue.add(pool.name));
      }
    },
    known: (pool) => !unread.has(pool),
    idle: () => queue.idle(),
  };
}
