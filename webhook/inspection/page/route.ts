/** What the address behind `#` asks for: `#/pods/shop/web-1`, `#/nodes?page=2`. */
export interface Route {
  readonly view: string;
  readonly names: readonly string[];
  /** From 1 on. */
  readonly page: number;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...names] = path.split("/").map(decoded);
  const page = Number(new URLSearchParams(query).get("page") ?? 1);
  return { view, names: names.filter((name) => name !== ""), page: Number.isInteger(page) && page > 0 ? page : 1 };
}

export function hrefOf(view: string, names: readonly string[] = [], page = 1): string {
  return `#/${[view, ...names].map(encodeURIComponent).join("/")}${page > 1 ? `?page=${page}` : ""}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a hand has written a bare %
  }
}
