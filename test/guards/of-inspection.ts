import { tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const api = (name: string) => tests("unit", "test/unit/inspection-api.test.ts", name);

/** Guards of who may look on; docs/security.md has a row for each of them. */
export const inspectionGuards: readonly Guard[] = [
  {
    name: "security: the inspection asks who looks",
    file: "webhook/inspection/routes.ts",
    guard: "await access(visitorOf(request));",
    without: "",
    finder: api("asks for a token before anything else"),
  },
  {
    name: "security: a page of another name does not read the inspection",
    file: "webhook/inspection/access.ts",
    guard: " && local.names.has(host.toLowerCase())",
    without: "",
    finder: api("a page of another name"),
  },
  {
    name: "security: what a proxy forwards is not from the machine",
    file: "webhook/inspection/access.ts",
    guard: "if (isLocal && !forwarded) return;",
    without: "if (isLocal) return;",
    finder: api("forwarded by a proxy"),
  },
  {
    name: "security: who looks has the right to",
    file: "webhook/inspection/access.ts",
    guard: 'if (answer === "no")',
    without: 'if (answer === ("never" as string))',
    finder: api("with a token that may not"),
  },
  {
    name: "security: the page runs its own script alone",
    file: "webhook/inspection/content-security-policy.ts",
    guard: "\"default-src 'none'\",",
    without: "",
    finder: api("a policy"),
  },
];
