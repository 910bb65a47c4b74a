import type { Cloud, Machine } from "../../shared/clouds/port.ts";
import { codeOf } from "../../shared/errors.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { MachineState } from "./evidence.ts";
import type { Troubles } from "./troubles.ts";

interface SilentMachinesOptions {
  readonly clouds: { forPool(pool: Pool): Promise<Pick<Cloud, "describeNode">> };
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

/** Reads the machine of a node that is not Ready; undefined when the cloud was not asked, or does not tell. */
export type ReadSilentMachine = (pool: Pool, machine: Machine) => Promise<MachineState | undefined>;

/** Looks at what is due come many a second, and a zone without power has a thousand silent nodes. */
const windowMs = 10_000;
const mostInWindow = 50;

/** What the cloud says of machines that fell silent: each is read once in ten seconds, and at most 50 of them all. */
export function createSilentMachines({ clouds, troubles, signal }: SilentMachinesOptions): ReadSilentMachine {
  const reads = new Map<string, Promise<MachineState | undefined>>();
  let windowEndsMs = 0;

  async function read(pool: Pool, machine: Machine): Promise<MachineState | undefined> {
    try {
      const cloud = await clouds.forPool(pool);
      const { id, running } = await cloud.describeNode(machine.providerId, signal);
      // Another machine under the name tells nothing of the one before; the directory does.
      if (id !== machine.id) return undefined;
      return running ? "running" : "stopped";
    } catch (error) {
      if (codeOf(error) === "NODE_UNKNOWN") return "gone";
      troubles.tell({ error, machine: machine.id }, "silent machine not read");
      return undefined;
    }
  }

  return async (pool, machine) => {
    const nowMs = performance.now();
    if (nowMs >= windowEndsMs) {
      windowEndsMs = nowMs + windowMs;
      reads.clear();
    }
    const known = reads.get(machine.id);
    if (known !== undefined) return known;
    if (reads.size >= mostInWindow) return undefined;
    const asked = read(pool, machine);
    reads.set(machine.id, asked);
    return asked;
  };
}
