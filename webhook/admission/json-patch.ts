/** The only operation we ever send: nothing of a pod is removed or replaced. */
export interface AddOperation {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

export interface PatchBuilder {
  /**
   * Adds a value below the raw object. `segments` are unescaped; "-" appends to a list. Parents that are absent (or null,
   * which Kubernetes takes for absent) come into being with the first value that needs them, as one operation.
   */
  add(segments: readonly string[], value: unknown): void;
  readonly operations: readonly AddOperation[];
}

type Parent = unknown[] | Record<string, unknown>;

/** Collects `add` operations for the raw object, which is only read. */
export function patchBuilder(raw: unknown): PatchBuilder {
  const operations: AddOperation[] = [];
  const made = new Map<string, Parent>();
  return {
    operations,
    add(segments, value) {
      let current = raw;
      let path = "";
      for (const [index, segment] of segments.slice(0, -1).entries()) {
        path += `/${escaped(segment)}`;
        current = child(current, segment);
        if (current !== undefined) continue;
        const below = segments.slice(index + 1);
        let parent = made.get(path);
        if (parent === undefined) {
          parent = emptyParentOf(below);
          made.set(path, parent);
          operations.push({ op: "add", path, value: parent });
        }
        insert(parent, below, value);
        return;
      }
      operations.push({ op: "add", path: `${path}/${escaped(segments.at(-1) ?? "")}`, value });
    },
  };
}

/** RFC 6901. */
function escaped(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

function child(parent: unknown, key: string): unknown {
  if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, key)) return undefined;
  return (parent as Record<string, unknown>)[key] ?? undefined;
}

function emptyParentOf(segments: readonly string[]): Parent {
  return segments[0] === "-" ? [] : {};
}

function insert(parent: Parent, segments: readonly string[], value: unknown): void {
  const [head = "", ...rest] = segments;
  if (Array.isArray(parent)) {
    parent.push(value);
  } else if (rest.length === 0) {
    parent[head] = value;
  } else {
    parent[head] ??= emptyParentOf(rest);
    insert(parent[head] as Parent, rest, value);
  }
}
