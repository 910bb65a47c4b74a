import type { Ledger } from "../shared/ledger/port.ts";
import { createMemoryLedger } from "../shared/ledger/memory/ledger.ts";
import { connectLedger, connectRedis } from "../shared/ledger/redis/connect.ts";
import { createMemoryLock } from "../shared/lock/memory.ts";
import type { Lock } from "../shared/lock/port.ts";
import { createRedlock } from "../shared/lock/redlock.ts";

/** The ledger, the lock that goes with it, and the end of both. */
export interface OpenLedger {
  readonly ledger: Ledger;
  readonly lock: Lock;
  close(): Promise<void>;
}

/** Connects in the background; `onError` hears of each lost connection. `memory://`: both in this process only. */
export function openLedger(options: {
  readonly url: string;
  readonly lockUrls: readonly string[];
  readonly installation: string;
  readonly onError: (error: Error) => void;
}): OpenLedger {
  const { url, lockUrls, installation, onError } = options;
  if (url.startsWith("memory:")) {
    const ledger = createMemoryLedger();
    return { ledger, lock: createMemoryLock(), close: () => ledger.close() };
  }
  const ledger = connectLedger(url, { installation, onError });
  const servers = [url, ...lockUrls].map((server) => connectRedis(server, onError));
  return {
    ledger,
    lock: createRedlock(servers, installation),
    async close() {
      for (const server of servers) server.disconnect();
      await ledger.close();
    },
  };
}
