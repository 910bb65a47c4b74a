import { codeOf } from "../../shared/errors.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface InventoryOptions {
  readonly ledger: Pick<Ledger, "now" | "putInventory">;
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
  /** Reads every pool once `after` has resolved, and from then on every `everyMs`. */
  readAll(after: Promise<void>): void;
  /** Whether the pool has been read since `readAll`: until then the ledger may not know what the cloud holds. */
  known(pool: string): boolean;
  idle(): Promise<void>;
}

/** Keeps the ledger's addresses like the clouds' inventories. One pool's trouble does not hold up another pool. */
export function startInventory(options: InventoryOptions): Inventory {
  const { ledger, clouds, pools, everyMs, log, troubles, metrics, learned, signal } = options;
  const unread = new Set<string>();

  async function read(name: string): Promise<number | undefined> {
    const pool = pools().find((candidate) => candidate.name === name);
    if (pool === undefined) {
      unread.delete(name);
      return undefined;
    }
    const readAtMs = await ledger.now();
    const cloud = await clouds.forPool(pool);
    const rows = await cloud.listAddresses(pool, signal);
    const { adopted, lost } = await ledger.putInventory(name, rows, readAtMs);
    if (adopted + lost > 0) log.warn({ pool: name, adopted, lost }, "the cloud and the ledger differed");
    metrics.repaired("adopted", adopted);
    metrics.repaired("attached again", lost);
    if (unread.delete(name)) learned();
    metrics.inventoryRead(name, "ok");
    return everyMs;
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
    readAll(after) {
      for (const pool of pools()) {
        unread.add(pool.name);
        void after.then(() => queue.add(pool.name));
      }
    },
    known: (pool) => !unread.has(pool),
    idle: () => queue.idle(),
  };
}
