import type { Process } from "../simulation/engine.ts";

/**
 * Who takes a step. The last three are one program, the active controller; they are told apart so that the list of steps can
 * be read.
 */
export const actors = ["agent", "worker", "controller", "directory", "inventory", "election"] as const;
export type Actor = (typeof actors)[number];

const parts: Record<string, Actor> = {
  "cluster.watchNodes": "directory",
  "ledger.putNode": "directory",
  "ledger.removeNode": "directory",
  "ledger.now": "inventory",
  "ledger.putInventory": "inventory",
  "cluster.readLeadership": "election",
  "cluster.writeLeadership": "election",
};

/** Whose call this is: the names of processes are those of the simulation. */
export function actorOf(process: Process, call: string): Actor {
  if (process.name.startsWith("controller")) return parts[call] ?? "controller";
  return process.name.includes("/worker-") ? "worker" : "agent";
}

/** The pod of an agent or a worker; -1 for the controller. */
export function podOf(process: Process): number {
  return Number(/^pod-(\d+)/.exec(process.name)?.[1] ?? -1);
}
