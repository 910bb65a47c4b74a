import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import jsonPatch from "fast-json-patch";
import { describe, expect, it } from "vitest";
import type { Access } from "../../webhook/admission/access.ts";
import { admit } from "../../webhook/admission/admit.ts";
import { readReview } from "../../webhook/admission/review.ts";
import type { AdmissionSettings, SidecarSettings } from "../../webhook/admission/settings.ts";
import { admissionSettings, fixtures as root, sidecarSettings } from "../support/admission-settings.ts";
import { exactly } from "../support/exact-json.ts";

/**
 * One folder a case: review.json (and settings.json over the usual settings, access.json) in; patch.json and applied.json, message.txt
 * or skipped.txt out. `UPDATE_GOLDEN=1 npm test` or `npm test -- --update` writes what comes out: read the diff.
 */
const update = process.env["UPDATE_GOLDEN"] === "1" || process.argv.some((arg) => arg === "--update" || arg === "-u");
const outputs = ["patch.json", "applied.json", "message.txt", "skipped.txt"];

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("admission's golden cases", () => {
  it("are at least twenty-five", () => {
    expect(cases.length).toBeGreaterThanOrEqual(25);
  });

  describe.each(cases)("%s", (name) => {
    it("gives what is on file", () => {
      const folder = new URL(`${name}/`, root);
      const actual = run(folder);
      if (update) write(folder, actual);
      for (const output of outputs)
        expect({ [output]: read(folder, output) }).toEqual({ [output]: actual.get(output) });
    });
  });
});

function run(folder: URL): Map<string, string> {
  const text = read(folder, "review.json") ?? "";
  const overrides = JSON.parse(read(folder, "settings.json") ?? "{}") as Partial<SidecarSettings>;
  const settings: AdmissionSettings = { ...admissionSettings, sidecar: { ...sidecarSettings, ...overrides } };
  const access = JSON.parse(read(folder, "access.json") ?? '"unchecked"') as Access;
  const { decision, reply } = admit(readReview(JSON.parse(text)), settings, access);
  const { response } = reply;
  if (decision.outcome === "deny") return new Map([["message.txt", `${response.status?.message}\n`]]);
  if (decision.outcome === "skip") {
    return new Map([["skipped.txt", decision.reasons.map((reason) => `${reason.key}: ${reason.sentence}\n`).join("")]]);
  }
  const patch = Buffer.from(response.patch ?? "", "base64").toString();
  const operations = JSON.parse(patch) as jsonPatch.Operation[];
  const review = exactly.parse(text) as { request: { object: object } };
  jsonPatch.applyPatch(review.request.object, operations, true);
  const warnings = response.warnings === undefined ? {} : { warnings: response.warnings };
  return new Map([
    ["patch.json", exactly.stringify({ operations: JSON.parse(patch), ...warnings })],
    ["applied.json", exactly.stringify(review.request.object)],
  ]);
}

function read(folder: URL, file: string): string | undefined {
  const path = new URL(file, folder);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function write(folder: URL, actual: Map<string, string>): void {
  for (const output of outputs) {
    const content = actual.get(output);
    if (content === undefined) rmSync(new URL(output, folder), { force: true });
    else writeFileSync(new URL(output, folder), content);
  }
}
