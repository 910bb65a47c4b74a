import { tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const identities = tests("unit", ["test/unit/identity.test.ts", "test/unit/identity-turns.test.ts"]);
const limits = (name: string) => tests("integration", "test/integration/webhook-limits.test.ts", name);
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
  {
    name: "security: one address does not get every connection",
    file: "webhook/limits.ts",
    guard: "if (own >= most - all) {",
    without: "if (all >= most) {",
    finder: limits("leaves room for others"),
  },
  {
    name: "security: the strict parser of requests",
    file: "webhook/limits.ts",
    guard: "insecureHTTPParser: false",
    without: "insecureHTTPParser: true",
    finder: limits("read in two ways"),
  },
  {
    name: "security: headers are bounded",
    file: "webhook/limits.ts",
    guard: "maxHeaderSize: 12 * 1024",
    without: "maxHeaderSize: 64 * 1024",
    finder: limits("12 KiB"),
  },
  {
    name: "security: headers have to come in time",
    file: "webhook/limits.ts",
    guard: "headersTimeout: headersMs",
    without: "headersTimeout: 0",
    finder: limits("nothing at all|headers that do not end"),
  },
  {
    name: "security: a whole request has to come in time",
    file: "webhook/app.ts",
    guard: "requestTimeout: limits.requestMs",
    without: "requestTimeout: 0",
    finder: limits("a body that does not end"),
  },
  {
    name: "security: a TLS handshake has to come in time",
    file: "webhook/app.ts",
    guard: ", handshakeTimeout: limits.handshakeMs",
    without: "",
    finder: limits("handshake"),
  },
  {
    name: "security: TLS 1.2 and newer, with good ciphers",
    file: "webhook/limits.ts",
    guard: '{ minVersion: "TLSv1.2", ciphers, honorCipherOrder: true }',
    without: '{ minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0", honorCipherOrder: true }',
    finder: limits("TLS"),
  },
];
