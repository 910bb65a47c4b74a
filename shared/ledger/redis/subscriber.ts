import type { Cluster, Redis } from "ioredis";
import { toLedgerError } from "./errors.ts";

/** Subscriptions over a connection of their own, open only while there are any: a holder at rest costs one connection. */
export function createSubscriber(connect: () => Redis | Cluster) {
  const listeners = new Map<string, Set<(message: string) => void>>();
  let connection: Redis | Cluster | undefined;

  function open(): Redis | Cluster {
    if (connection !== undefined) return connection;
    connection = connect();
    connection.on("message", (channel: string, message: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(message);
    });
    return connection;
  }

  async function off(channel: string, listener: (message: string) => void): Promise<void> {
    const set = listeners.get(channel);
    if (set === undefined || !set.delete(listener) || set.size > 0) return;
    listeners.delete(channel);
    if (listeners.size === 0) {
      connection?.disconnect();
      connection = undefined;
      return;
    }
    await connection?.unsubscribe(channel);
  }

  return {
    async on(channel: string, listener: (message: string) => void): Promise<() => Promise<void>> {
      const set = listeners.get(channel) ?? new Set();
      listeners.set(channel, set.add(listener));
      try {
        await open().subscribe(channel);
      } catch (error) {
        await off(channel, listener);
        throw toLedgerError(error, `subscribing to ${channel}`);
      }
      return () => off(channel, listener);
    },
    async close(): Promise<void> {
      listeners.clear();
      connection?.disconnect();
      connection = undefined;
    },
  };
}
