import Table from "cli-table3";

const noBorders = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

/** Columns as kubectl prints them: a line of headings, three blanks between columns, no lines. Cells may hold colours. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const style = { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 3 };
  const text = new Table({ head: [...headings], chars: noBorders, style });
  for (const row of rows) text.push([...row]);
  return text
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
