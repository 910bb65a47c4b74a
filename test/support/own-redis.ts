import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { startRedis, type TestRedis } from "./redis.ts";

/** A Redis of the running test, for it to break; `extra` and `at` as `startRedis` takes them. It ends with the test. */
export async function ownRedis(extra: readonly string[] = [], at?: number): Promise<TestRedis> {
  const started = await startRedis(extra, at);
  if (started === undefined) throw new Error("no Redis program");
  onTestFinished(() => started.stop());
  return started;
}

/** A ledger over such a server, until the test ends. */
export function ledgerAt(url: string): Ledger {
  const ledger = connectLedger(url, { installation: "own" });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** A plain connection, for what a test does to its own server, until the test ends. */
export function clientAt(url: string): Redis {
  const connection = new Redis(url, { retryStrategy: () => 20 });
  connection.on("error", () => undefined); // servers go away here
  onTestFinished(() => connection.disconnect());
  return connection;
}
