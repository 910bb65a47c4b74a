import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What `state.json` says, for the app and for whoever looks into the pod. */
export interface PodState {
  readonly phase: "waiting" | "verifying" | "held" | "proceeding" | "draining";
  readonly pool: string;
  readonly ip: string | null;
  readonly reason?: string;
  readonly detail?: string;
  readonly position?: number;
}

/**
 * The sidecar's files in the run directory: `ready` (the startup probe waits for it), `address` and `state.json`. Each is
 * written whole or not at all. `ready` outlives a restart of the container: taking it away would take a healthy app out of
 * its Service. A new boot or sandbox of the pod clears the directory, as it is in memory.
 */
export interface Gate {
  open(ip: string): Promise<void>;
  /** Opens without an address: `on-unavailable: proceed`. */
  openWithout(): Promise<void>;
  record(state: PodState): Promise<void>;
}

export async function createGate(directory: string, pid: number): Promise<Gate> {
  async function write(name: string, text: string): Promise<void> {
    const path = join(directory, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
  let last: Promise<void> = Promise.resolve();
  /** One after the other: two writers of one file would take the new one from under each other. */
  function put(name: string, text: string): Promise<void> {
    const written = last.then(() => write(name, text));
    last = written.catch(() => undefined); // told to whoever asked for it
    return written;
  }
  await mkdir(directory, { recursive: true });
  await put("pid", `${pid}\n`); // for preStop: process 1 is not ours under shareProcessNamespace
  return {
    async open(ip) {
      await put("address", `${ip}\n`);
      await put("ready", `${ip}\n`);
    },
    async openWithout() {
      await rm(join(directory, "address"), { force: true });
      await put("ready", "without an address\n");
    },
    async record(state) {
      await put("state.json", `${JSON.stringify({ ...state, at: new Date().toISOString() })}\n`);
    },
  };
}
