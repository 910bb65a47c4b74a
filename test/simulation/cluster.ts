import type { MemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import type { Cluster, Watched, Watcher } from "../../webhook/controller/cluster/port.ts";
import type { Engine, Process } from "./engine.ts";
import { request } from "./network.ts";

export interface ApiWeather {
  down: boolean;
  /** How long a watch is behind at most. */
  lagMs: number;
  /** Makes every watch on pods forget this one for a moment. */
  readonly forgetters: Set<(podUid: string) => void>;
  /** Breaks every watch off: after that long it lists again, and what happened meanwhile is not told one by one. */
  readonly breakers: Set<(forMs: number) => void>;
}

/** The cluster as one replica of the controller sees it: over the network, and through caches that are a little behind. */
export function clusterFrom(cluster: MemoryCluster, engine: Engine, process: Process, weather: ApiWeather): Cluster {
  const { random } = process;
  const send = <T>(what: string, perform: () => Promise<T>): Promise<T> =>
    request(
      engine,
      process,
      {
        call: `cluster.${what}`,
        outMs: random.between(1, 10),
        backMs: random.between(1, 10),
        patienceMs: random.between(10, 10_000),
        giveUp: () => new Error(`${what}: the API server does not answer`),
        ...(weather.down ? { lost: "request" as const } : {}),
      },
      perform,
    );

  /** A list, then every change in its order, however late; while the API server is away they wait for it. */
  async function watch<T>(
    what: string,
    keyOf: (item: T) => string,
    start: (watcher: Watcher<T>, signal: AbortSignal) => Promise<Watched<T>>,
    watcher: Watcher<T>,
    signal: AbortSignal,
  ): Promise<Watched<T>> {
    const cache = new Map<string, T>();
    const latest = new Map<string, T>();
    const inbox: (() => void)[] = [];
    let listed = false;
    let broken = 0;
    const take = (): void => {
      if (!listed || broken > 0 || signal.aborted) return;
      for (const next of inbox.splice(0)) next();
    };
    const arrive = (): void => {
      if (process.state === "dead" || signal.aborted) return;
      if (weather.down) engine.at(1_000, null, arrive);
      else engine.at(random.between(1, 1 + weather.lagMs), process, take);
    };
    const tell = (kind: "changed" | "removed", item: T): void => {
      inbox.push(() => {
        if (kind === "changed") cache.set(keyOf(item), item);
        else cache.delete(keyOf(item));
        watcher[kind](item);
      });
      arrive();
    };
    const come = (kind: "changed" | "removed", item: T): void => {
      if (kind === "changed") latest.set(keyOf(item), item);
      else latest.delete(keyOf(item));
      tell(kind, item);
    };
    weather.forgetters.add((key) => {
      const item = latest.get(key);
      if (item === undefined) return;
      tell("removed", item);
      engine.at(2_000, null, () => {
        const still = latest.get(key);
        if (still !== undefined) tell("changed", still);
      });
    });
    weather.breakers.add((forMs) => {
      broken += 1;
      engine.at(forMs, null, () => {
        broken -= 1;
        inbox.length = 0;
        for (const [key, item] of cache) if (!latest.has(key)) tell("removed", item);
        for (const item of latest.values()) tell("changed", item);
      });
    });
    for (;;) {
      try {
        await send(what, () =>
          start({ changed: (item) => come("changed", item), removed: (item) => come("removed", item) }, signal),
        );
        listed = true;
        take();
        return { get: (key) => cache.get(key), list: () => cache.values() };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  return {
    watchNodes: (watcher, signal) =>
      watch(
        "watchNodes",
        (node) => node.name,
        (seen, until) => cluster.watchNodes(seen, until),
        watcher,
        signal,
      ),
    watchPods: (watcher, signal) =>
      watch(
        "watchPods",
        (pod) => pod.uid,
        (seen, until) => cluster.watchPods(seen, until),
        watcher,
        signal,
      ),
    readPod: (namespace, name) => send("readPod", () => cluster.readPod(namespace, name)),
    readNode: (name) => send("readNode", () => cluster.readNode(name)),
    listUninjected: () => send("listUninjected", () => cluster.listUninjected()),
    ignoredNamespaces: () => send("ignoredNamespaces", () => cluster.ignoredNamespaces()),
    markNode: (name, marks) => send("markNode", () => cluster.markNode(name, marks)),
    markPod: (pod, address) => send("markPod", () => cluster.markPod(pod, address)),
    report: (event) => send("report", () => cluster.report(event)),
    readLeadership: () => send("readLeadership", () => cluster.readLeadership()),
    writeLeadership: (leadership, version) =>
      send("writeLeadership", () => cluster.writeLeadership(leadership, version)),
  };
}
