import { expect } from "vitest";
import { apply } from "./kubectl.ts";
import { freshPort, lab, sources, type Scene } from "./scene.ts";

/** A pod that holds an address while something around it breaks. */
export interface LivePod {
  readonly name: string;
  readonly node: string;
  readonly port: number;
  readonly uid: string;
  readonly address: string;
  readonly sinceMs: number;
}

/** Starts one pod of the pool on each node, bound to it however long it is silent; resolves once they are Ready. */
export async function startLive({ pod, ready }: Scene, nodes: readonly string[]): Promise<LivePod[]> {
  const apps = nodes.map((node) => ({ name: `live-${node}`, node, port: freshPort() }));
  await apply(...apps.map((app) => pod({ ...app, pool: "partners", stays: true })));
  const live: LivePod[] = [];
  for (const app of apps) {
    const [found] = await ready(app.name, 1, 90);
    const [address = ""] = await sources(app.port);
    live.push({ ...app, uid: found?.metadata.uid ?? "", address, sinceMs: Date.now() });
  }
  return live;
}

/** By the cloud's own record nothing has happened to their addresses, and by the internet's no packet came from another one. */
export async function expectUnmoved(live: readonly LivePod[]): Promise<void> {
  for (const { port, address, sinceMs } of live) {
    expect(await lab!.eventsOf(address, sinceMs)).toEqual([]);
    expect(await sources(port)).toEqual([address]);
  }
}
