/** Lists come in pages of this size, so that large clusters do not answer with hundreds of megabytes at once. */
const pageSize = 500;

/** The page of a list that `token` stands for; without one the first. */
export const pageOf = (token: string | undefined) => ({
  limit: pageSize,
  ...(token === undefined ? {} : { _continue: token }),
});

interface Page<T> {
  /** Null, whatever the types of the client say, where an empty list comes as metadata alone. */
  readonly items: T[] | null;
  readonly metadata?: { readonly _continue?: string };
}

/** Every object of a list, page by page. */
export async function* everyPage<T>(page: (token: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let token: string | undefined;
  do {
    const { items, metadata } = await page(token);
    yield* items ?? [];
    const { _continue: next } = metadata ?? {};
    token = next === "" ? undefined : next;
  } while (token !== undefined);
}
