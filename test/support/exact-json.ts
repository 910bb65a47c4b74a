/** Node has these (V8's "JSON.parse source text access"); TypeScript's es2023 library does not know them yet. */
const json = JSON as unknown as {
  rawJSON(text: string): unknown;
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
};

/** JSON that keeps every number as it is written, whatever its size: what an API server in Go does, and JSON.parse does not. */
export const exactly = {
  parse(text: string): unknown {
    return json.parse(text, (_key, value, { source }) =>
      typeof value === "number" && source !== undefined && source !== String(value) ? json.rawJSON(source) : value,
    );
  },
  stringify(value: unknown): string {
    return `${JSON.stringify(value, null, 2)}\n`;
  },
};
