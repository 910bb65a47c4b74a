import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { settingsTable } from "../../webhook/config.ts";
import { proofTable } from "../support/proof-table.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const code = (text: string) => (text.startsWith("(") || text === "" ? text.replaceAll(/[()]/g, "") : `\`${text}\``);

describe("README.md", () => {
  it("lists the settings as the schema has them", () => {
    const rows = settingsTable().map(
      ({ name, fallback, meaning }) => `| \`${name}\` | ${code(fallback)} | ${meaning} |`,
    );
    const table = ["| name | default | meaning |", "|---|---|---|", ...rows].join("\n");
    expect(/<!-- settings -->\n([^]*?)\n<!-- \/settings -->/.exec(readme)?.[1]).toBe(table);
  });

  it("says of the proof what its last runs have left as data", () => {
    expect(/<!-- proof -->\n([^]*?)\n<!-- \/proof -->/.exec(readme)?.[1]).toBe(proofTable());
  });
});
