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

const texts = new WeakMap<object, string>();

/** Has the JSON of a value that many patches share written once and for all: from now on it must not change. */
export function shared<T extends object>(value: T): T {
  texts.set(value, JSON.stringify(value));
  return value;
}

/** The patch as JSON. */
export function patchText(operations: readonly AddOperation[]): string {
  const texts = operations.map(
    ({ path, value }) => `{"op":"add","path":${JSON.stringify(path)},"value":${textOf(value)}}`,
  );
  return `[${texts.join(",")}]`;
}

/** As JSON.stringify, but with the text of what is shared. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`).join(",")}}`;
}

/** RFC 6901. */
function escaped(segment: string): string {
  return /[~/]/.test(segment) ? segment.replaceAll("~", "~0").replaceAll("/", "~1") : segment;
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
