import type { Cluster, Redis } from "ioredis";
import acquire from "./lua/acquire.lua";
import begin from "./lua/begin.lua";
import clock from "./lua/clock.lua";
import drain from "./lua/drain.lua";
import due from "./lua/due.lua";
import endLeases from "./lua/end-leases.lua";
import extend from "./lua/extend.lua";
import lib from "./lua/lib.lua";
import nowCommand from "./lua/now.lua";
import putInventory from "./lua/put-inventory.lua";
import putNode from "./lua/put-node.lua";
import putPools from "./lua/put-pools.lua";
import release from "./lua/release.lua";
import removeNode from "./lua/remove-node.lua";
import renew from "./lua/renew.lua";
import settle from "./lua/settle.lua";
import snapshot from "./lua/snapshot.lua";

const scripts = {
  acquire,
  begin,
  drain,
  due,
  endLeases,
  extend,
  now: nowCommand,
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
 * Teaches the connection our commands; each takes the root key and its arguments (see the header of its Lua file).
 * `clockLua` sets `now`; tests that jump in time bring their own.
 */
export function defineCommands(redis: Redis | Cluster, root: string, clockLua: string = clock): Run {
  for (const [name, body] of Object.entries(scripts)) {
    redis.defineCommand(`egress:${name}`, { numberOfKeys: 1, lua: `${clockLua}\n${lib}\n${body}` });
  }
  const commands = redis as unknown as Record<string, (...argv: (string | number)[]) => Promise<Reply>>;
  return (command, ...argv) => {
    const call = commands[`egress:${command}`];
    if (call === undefined) throw new Error(`no such ledger command: ${command}`);
    return call.call(redis, root, ...argv);
  };
}
