import {
  ListWatch,
  Watch,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from "@kubernetes/client-node";
import type { Troubles } from "../troubles.ts";
import type { Watched, Watcher } from "./port.ts";

/** What is kept of an object: our own shape, and what the client's cache needs to know it by. */
interface Kept<T> extends KubernetesObject {
  readonly item: T;
}

interface FollowOptions<K extends KubernetesObject, T> {
  readonly config: KubeConfig;
  readonly path: string;
  readonly labelSelector?: string;
  /** One page of the list, from `token`. */
  readonly page: (token: string | undefined) => Promise<KubernetesListObject<K>>;
  readonly shape: (object: K) => T;
  readonly keyOf: (item: T) => string;
  readonly watcher: Watcher<T>;
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

/** The client's own list and watch with three additions: it keeps little, asks for bookmarks, and starts again on errors. */
export function follow<K extends KubernetesObject, T>(options: FollowOptions<K, T>): Promise<Watched<T>> {
  const { config, path, page, shape, keyOf, watcher, troubles, signal } = options;
  const items = new Map<string, T>();
  const keys = new Map<string, string>();
  const keep = (object: K): Kept<T> => {
    const { name, namespace, resourceVersion } = object.metadata ?? {};
    const metadata = { name: name ?? "", namespace: namespace ?? "", resourceVersion: resourceVersion ?? "" };
    return { metadata, item: shape(object) };
  };

  async function list(): Promise<KubernetesListObject<Kept<T>>> {
    const kept: Kept<T>[] = [];
    let token: string | undefined;
    for (;;) {
      const { items: found, metadata } = await page(token);
      for (const object of found) kept.push(keep(object));
      const { _continue: next } = metadata ?? {};
      token = next === "" ? undefined : next;
      if (token === undefined) return { kind: "List", items: kept, ...(metadata === undefined ? {} : { metadata }) };
    }
  }

  function changed({ metadata, item }: Kept<T>): void {
    const place = `${metadata?.namespace}/${metadata?.name}`;
    const key = keyOf(item);
    const before = keys.get(place);
    // Deleted and created again while the watch was away: the cache only says "updated".
    if (before !== undefined && before !== key) forget(place, before);
    keys.set(place, key);
    items.set(key, item);
    watcher.changed(item);
  }

  function forget(place: string, key: string): void {
    const item = items.get(key);
    keys.delete(place);
    items.delete(key);
    if (item !== undefined) watcher.removed(item);
  }

  const strange = (line: unknown): void =>
    troubles.tell({ path, error: JSON.stringify(line)?.slice(0, 200) }, "a watch sent a line that is no event");
  const watch = new KeepingWatch(config, keep, strange);
  const informer = new ListWatch<Kept<T>>(path, watch, list, false, options.labelSelector);
  informer.on("change", changed);
  informer.on("delete", ({ metadata }) => {
    const place = `${metadata?.namespace}/${metadata?.name}`;
    const key = keys.get(place);
    if (key !== undefined) forget(place, key);
  });

  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    // An 'error' ends the informer: it has to be started again, from the version it had.
    const again = (error: unknown): void => {
      if (signal.aborted) return;
      troubles.tell({ error, path }, "watch interrupted");
      clearTimeout(timer);
      timer = setTimeout(() => void start(), 1_000 + Math.random() * 1_000);
    };
    const start = async (): Promise<void> => {
      try {
        await informer.start();
      } catch (error) {
        return again(error);
      }
      if (informer.latestResourceVersion() !== "") {
        resolve({ get: (key) => items.get(key), list: () => items.values() });
      }
    };
    informer.on("error", again);
    const stop = (): void => {
      clearTimeout(timer);
      void informer.stop();
      reject(new Error(`following ${path} was stopped`));
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    void start();
  });
}

/** Shrinks every object before the client's cache sees it. A line that is no event (a proxy's, say) would end the process in there. */
class KeepingWatch<K extends KubernetesObject, T> extends Watch {
  private readonly keep: (object: K) => Kept<T>;
  private readonly strange: (line: unknown) => void;

  constructor(config: KubeConfig, keep: (object: K) => Kept<T>, strange: (line: unknown) => void) {
    super(config);
    this.keep = keep;
    this.strange = strange;
  }

  override watch(...[path, query, callback, done]: Parameters<Watch["watch"]>): ReturnType<Watch["watch"]> {
    const shrink: typeof callback = (phase: unknown, object: K | null | undefined, whole) => {
      if (typeof phase !== "string" || typeof object !== "object" || object === null) return this.strange(whole);
      const isObject = phase === "ADDED" || phase === "MODIFIED" || phase === "DELETED";
      callback(phase, isObject ? this.keep(object) : object, whole);
    };
    return super.watch(path, { ...query, allowWatchBookmarks: true }, shrink, done);
  }
}
