interface Question<T> {
  readonly ids: Set<string>;
  readonly timer: NodeJS.Timeout;
  readonly answer: Promise<ReadonlyMap<string, T>>;
}

/**
 * Joins questions into one, until for `gatherMs` no other has come, or there are `most`: each caller gets what was found for its
 * id. A signal ends one caller's waiting, not the question of the others.
 */
export function gather<T>(
  ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  { gatherMs, most }: { readonly gatherMs: number; readonly most: number },
): (id: string, signal?: AbortSignal) => Promise<T | undefined> {
  let open: Question<T> | undefined;

  function start(): Question<T> {
    const ids = new Set<string>();
    let ended = (): void => undefined;
    const timer = setTimeout(() => ended(), gatherMs);
    const answer = new Promise<void>((resolve) => {
      ended = resolve;
    }).then(() => {
      if (open?.ids === ids) open = undefined;
      return ask([...ids]);
    });
    return { ids, timer, answer };
  }

  return async (id, signal) => {
    signal?.throwIfAborted();
    if (open === undefined || open.ids.size >= most) open = start();
    const current = open;
    current.ids.add(id);
    if (current.ids.size < most) current.timer.refresh();
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
