import type { Cluster, Redis } from "ioredis";
import { ledgerVersion } from "../version.ts";
import acquire from "./lua/acquire.lua";
import beat from "./lua/beat.lua";
import begin from "./lua/begin.lua";
import clock from "./lua/clock.lua";
import drain from "./lua/drain.lua";
import due from "./lua/due.lua";
import endLeases from "./lua/end-leases.lua";
import figures from "./lua/figures.lua";
import extend from "./lua/extend.lua";
import history from "./lua/history.lua";
import lease from "./lua/lease.lua";
import lib from "./lua/lib.lua";
import missed from "./lua/missed.lua";
import nowCommand from "./lua/now.lua";
import pace from "./lua/pace.lua";
import putInventory from "./lua/put-inventory.lua";
import putNode from "./lua/put-node.lua";
import putPools from "./lua/put-pools.lua";
import release from "./lua/release.lua";
import removeNode from "./lua/remove-node.lua";
import renew from "./lua/renew.lua";
import settle from "./lua/settle.lua";
import snapshot from "./lua/snapshot.lua";
import trust from "./lua/trust.lua";
import turns from "./lua/turns.lua";

const scripts = {
  acquire,
  beat,
  begin,
  drain,
  due,
  endLeases,
  extend,
  figures,
  history,
  lease,
  missed,
  now: nowCommand,
  pace,
  putInventory,
  putNode,
  putPools,
  release,
  removeNode,
  renew,
  settle,
  snapshot,
};

export type CommandName = keyof typeof scripts;
export type Reply = string | number | null | Reply[];

/** Runs one Lua command: by its hash, and by its text the first time a server meets it. */
export type Run = (command: CommandName, ...argv: (string | number)[]) => Promise<Reply>;

/**
 * Runs our commands on a connection; each takes the root key, its arguments (see the header of its Lua file) and last the
 * leader's term, '' for none (trust.lua takes it off). A script
 * goes by its text the first time, and then by the hash that the server tells: ioredis' own defineCommand would compute it
 * here, and loading OpenSSL for that costs every sidecar 4 MiB. `clockLua` sets `now`; tests that jump in time bring their own.
 */
export function prepareCommands(redis: Redis | Cluster, root: string, clockLua: string = clock): Run {
  const hashes = new Map<CommandName, string>();

  return async (command, ...argv) => {
    const hash = hashes.get(command);
    if (hash !== undefined) {
      try {
        return (await redis.evalsha(hash, 1, root, ...argv)) as Reply;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
        hashes.delete(command); // another server, or one that was restarted
      }
    }
    const text = `${clockLua}\nlocal LEDGER_VERSION = ${ledgerVersion}\n${trust}\n${turns}\n${lib}\n${scripts[command]}`;
    redis.script("LOAD", text).then(
      (told) => hashes.set(command, String(told)),
      () => undefined, // the command itself, right behind on the same connection, tells what is wrong
    );
    return (await redis.eval(text, 1, root, ...argv)) as Reply;
  };
}
