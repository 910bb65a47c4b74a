import { readFile } from "node:fs/promises";
import { EgressError } from "../errors.ts";
import { parsePools } from "./file.ts";
import type { Pool } from "./schema.ts";

/** The pools in force, kept up to date. */
export interface PoolSource {
  /** The last good ones. */
  current(): readonly Pool[];
  /** What is wrong with the file as it is now; undefined when it is in force. */
  problem(): EgressError | undefined;
  /** Calls back after the pools or the problem changed; the returned function ends it. */
  subscribe(changed: () => void): () => void;
  /** Looks at the file now. */
  look(): Promise<void>;
  close(): void;
}

const usualEveryMs = 2_000;

/**
 * Reads pools.yaml and goes on looking at its content: a mounted ConfigMap changes by a swap of symbolic links, which file
 * events see in part only. Rejects with POOLS_INVALID when the file is wrong or missing at the start; later the last good
 * pools stay in force.
 */
export async function watchPools(options: { file: string; everyMs?: number }): Promise<PoolSource> {
  const { file, everyMs = usualEveryMs } = options;
  const subscribers = new Set<() => void>();
  let text: string | undefined = await read(file);
  let pools = parsePools(text);
  let problem: EgressError | undefined;

  function changeTo(found: EgressError | undefined): void {
    problem = found;
    for (const changed of subscribers) changed();
  }

  async function look(): Promise<void> {
    try {
      const now = await read(file);
      if (now === text) return;
      text = now;
      pools = parsePools(now);
      changeTo(undefined);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      // A cause: the file could not be read. It may come back as it was.
      if (error.cause !== undefined) text = undefined;
      if (error.message !== problem?.message) changeTo(error);
    }
  }

  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => (looking = undefined));
  }, everyMs);
  timer.unref();

  return {
    current: () => pools,
    problem: () => problem,
    subscribe(changed) {
      subscribers.add(changed);
      return () => void subscribers.delete(changed);
    },
    look,
    close: () => clearInterval(timer),
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new EgressError("POOLS_INVALID", `The pools file cannot be read: ${String(error)}`, { cause: error });
  }
}
