import { isMap, LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { EgressError } from "../errors.ts";
import { overlaps } from "./overlap.ts";
import { poolSchema, type Pool } from "./schema.ts";

const fileSchema = z.strictObject({ pools: z.array(poolSchema).max(1000) });

/**
 * Reads the text of pools.yaml, defaults filled in. Throws EgressError POOLS_INVALID with every problem: its path, the value
 * seen and what is accepted. A wrong file is refused whole. An empty list of pools is right: an installation may start so.
 */
export function parsePools(text: string): Pool[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw invalid(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return `line ${line}, column ${col}: ${message}; accepted: YAML`;
      }),
    );
  }
  if (!isMap(document.contents)) throw invalid(["the file: saw no mapping; accepted: 'pools:' with a list below it"]);
  const value = plain(document);
  const result = fileSchema.safeParse(value, { reportInput: true });
  if (!result.success) throw invalid(result.error.issues.map(problemOf));
  const clashes = overlaps(result.data.pools);
  if (clashes.length > 0) throw invalid(clashes);
  return result.data.pools;
}

function plain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    JSON.stringify(value); // throws for an alias that is in what it stands for
    return value;
  } catch (error) {
    const [why = ""] = String(error).split("\n");
    throw invalid([`the file: ${why}; accepted: YAML whose aliases are small, and not within themselves`]);
  }
}

function problemOf(issue: z.core.$ZodIssue): string {
  const unknown = issue.code === "unrecognized_keys" ? ` (${issue.keys.join(", ")})` : "";
  return `${pathOf(issue.path)}: saw ${seen(issue.input)}; ${issue.message}${unknown && "; accepted: only the fields that the README lists under a pool"}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text.replace(/^\./, "") || "the file";
}

function seen(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function invalid(problems: readonly string[]): EgressError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new EgressError("POOLS_INVALID", [`The pools file has ${count}:`, ...problems].join("\n  - "));
}
