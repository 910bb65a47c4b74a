/**
 * Joins questions that come within `gatherMs` into one: each caller gets what was found for its id. A signal ends one caller's
 * waiting, not the question of the others.
 */
export function gather<T>(
  ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  { gatherMs, most }: { readonly gatherMs: number; readonly most: number },
): (id: string, signal?: AbortSignal) => Promise<T | undefined> {
  let open: { readonly ids: Set<string>; readonly answer: Promise<ReadonlyMap<string, T>> } | undefined;

  function start() {
    const ids = new Set<string>();
    const answer = new Promise<void>((resolve) => {
      setTimeout(resolve, gatherMs);
    }).then(() => {
      if (open?.ids === ids) open = undefined;
      return ask([...ids]);
    });
    return { ids, answer };
  }

  return async (id, signal) => {
    signal?.throwIfAborted();
    const current = open === undefined || open.ids.size >= most ? start() : open;
    open = current;
    current.ids.add(id);
    if (signal === undefined) return (await current.answer).get(id);
    const ended = new AbortController();
    const stopped = new Promise<never>((_, reject) => {
      const stop = () => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true, signal: ended.signal });
    });
    try {
      return (await Promise.race([current.answer, stopped])).get(id);
    } finally {
      ended.abort();
    }
  };
}
