import { tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const identities = tests("unit", ["test/unit/identity.test.ts", "test/unit/identity-turns.test.ts"]);
const api = (name: string) => tests("integration", "test/integration/lease-api.test.ts", name);

/** Guards against those who mean harm; docs/security.md has a row for each of them. */
export const securityGuards: readonly Guard[] = [
  {
    name: "security: tokens are reviewed a few at a time",
    file: "webhook/identity/turns.ts",
    guard: "if (taken < atOnce) {",
    without: "if (taken >= 0) {",
    finder: identities,
  },
  {
    name: "security: sources of tokens take turns",
    file: "webhook/identity/turns.ts",
    guard: "queues.get(source) ?? []",
    without: 'queues.get((source = "")) ?? []',
    finder: identities,
  },
  {
    name: "security: one source's tokens wait in a queue that ends",
    file: "webhook/identity/turns.ts",
    guard: "if (queue.length >= mostWaiting)",
    without: "if (queue.length < 0)",
    finder: identities,
  },
  {
    name: "security: a pod that calls too often is refused",
    file: "webhook/lease-api/routes.ts",
    guard: "await countCall(request, who.podUid);",
    without: "",
    finder: api("calls too often"),
  },
  {
    name: "security: calls are counted with who is proven, not with who is named",
    file: "webhook/lease-api/routes.ts",
    guard: 'await countCall(request, `${who.podUid} ${who.secretHash ?? ""}`);',
    without: "await countCall(request, who.podUid);",
    finder: api("calls too often"),
  },
];
