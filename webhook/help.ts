import { settingsTable } from "./config.ts";

/** What `--help` prints. */
export function helpText(): string {
  const rows = settingsTable();
  const width = Math.max(...rows.map(({ name, fallback }) => name.length + fallback.length + 1));
  const lines = rows.map(({ name, fallback, meaning }) => `  ${`${name}=${fallback}`.padEnd(width)}  ${meaning}`);
  return [
    "static-egress webhook: admission over HTTPS, and the controller.",
    "",
    "It takes no arguments. Settings come from the environment:",
    "",
    ...lines,
    "",
    "The clouds' own names (AWS_REGION, AWS_ENDPOINT_URL_EC2, GOOGLE_CLOUD_PROJECT, ...) hold as usual.",
    "",
  ].join("\n");
}
