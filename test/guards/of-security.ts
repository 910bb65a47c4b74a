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
    name: "security: an acquire asks for the right to use the pool",
    file: "webhook/lease-api/routes.ts",
    guard: "authorize(serviceAccount, pool)",
    without: "Promise.resolve()",
    finder: api("the right to use the pool"),
  },
  {
    name: "security: a right that is not granted is refused",
    file: "webhook/admission/objections.ts",
    guard: 'access === "granted"',
    without: 'access !== "refused"',
    finder: tests("unit", "test/unit/authorization.test.ts"),
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
    finder: limits("headers that do not end"),
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
  {
    name: "security: a lease is its pod's UID's, not its name's",
    file: "webhook/identity/identity.ts",
    guard: 'podUid: one("pod-uid"),',
    without: 'podUid: one("pod-name"),',
    finder: api("by the gone pod's token"),
  },
  {
    name: "security: bodies of the lease API are bounded",
    file: "webhook/lease-api/routes.ts",
    guard: "const bodyLimit = 16 * 1024;",
    without: "const bodyLimit = 16 * 1024 * 1024;",
    finder: api("more than 16 KiB"),
  },
  {
    name: "security: reviews are bounded",
    file: "webhook/admission/route.ts",
    guard: "const bodyLimit = 4 * 1024 * 1024;",
    without: "const bodyLimit = 40 * 1024 * 1024;",
    finder: tests("unit", "test/unit/webhook-app.test.ts", "ten megabytes"),
  },
  {
    name: "security: no body changes a prototype",
    file: "webhook/app.ts",
    guard: 'onProtoPoisoning: "error"',
    without: 'onProtoPoisoning: "ignore"',
    finder: tests("unit", "test/unit/webhook-app.test.ts", "poisoned with __proto__"),
  },
  {
    name: "security: a pool is found by its own name alone",
    file: "webhook/admission/objections.ts",
    guard: "facts.settings.pools.get(facts.poolName)",
    without: "Object.fromEntries(facts.settings.pools)[facts.poolName]",
    finder: tests("unit", "test/unit/admission-golden.test.ts", "unknown-pool-like-a-prototype-key"),
  },
  {
    name: "security: a pool's name is no path",
    file: "shared/lease-api/schemas.ts",
    guard: '.regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "accepted: a pool\'s name")',
    without: "",
    finder: api("a pool that is no name"),
  },
  {
    name: "security: an Event is one line",
    file: "webhook/controller/cluster/events.ts",
    guard: "oneLine(told.message)",
    without: "told.message",
    finder: tests("unit", "test/unit/controller/events.test.ts"),
  },
  {
    name: "security: a row of the command line is one line",
    file: "cli/inspection/print.ts",
    guard: 'oneLine(String(cell(row, nowMs) ?? "-"))',
    without: 'String(cell(row, nowMs) ?? "-")',
    finder: tests("unit", "test/unit/cli-rows.test.ts", "act on the terminal"),
  },
  {
    name: "security: a filter is no longer than can be read",
    file: "shared/pools/schema.ts",
    guard: "filter: z.string().min(1).max(2048)",
    without: "filter: z.string().min(1)",
    finder: tests("unit", "test/unit/slow-texts.test.ts", "longer than"),
  },
  {
    name: "security: brokered pods do not reach Redis",
    file: "manifests/components/redis/redis.yaml",
    guard: `    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: static-egress-webhook
      ports:`,
    without: "    - ports:",
    finder: tests("unit", "test/unit/manifests/manifests.test.ts", "alone lets sidecars reach Redis"),
  },
  {
    name: "security: metrics are read from labelled namespaces",
    file: "manifests/base/network-policy.yaml",
    guard: 'static-egress/metrics: "true"\n      ports:',
    without: 'any: "true"\n      ports:',
    finder: tests("unit", "test/unit/manifests/manifests.test.ts", "from labelled namespaces alone"),
  },
  {
    name: "security: the documented Redis user has one installation's keys",
    file: "docs/ledger.md",
    guard: "SETUSER static-egress reset on >PASSWORD ~static-egress:{default}*",
    without: "SETUSER static-egress reset on >PASSWORD ~*",
    finder: tests("integration", "test/integration/cli-ledger-doc.test.ts", "touch no other key"),
  },
  {
    name: "security: Redis is believed by its CA",
    file: "shared/ledger/redis/connect.ts",
    guard: "const options = { ...patience, ...reconnect, lazyConnect: true };",
    without: "const options = { ...patience, ...reconnect, lazyConnect: true, tls: { rejectUnauthorized: false } };",
    finder: tests("integration", "test/integration/redis-tls.test.ts", "by another CA"),
  },
  {
    name: "security: a setting that is a secret is not repeated",
    file: "shared/environment.ts",
    guard: 'secret.includes(name) ? "(not shown)" : JSON.stringify(value)',
    without: "JSON.stringify(value)",
    finder: tests("integration", "test/integration/planted-secrets.test.ts"),
  },
  {
    name: "security: a pool that is not for them is refused to pods",
    file: "webhook/admission/objections.ts",
    guard: "if (allows(pool, account)) return [];",
    without: "if (account !== undefined) return [];",
    finder: tests("unit", "test/unit/admission-golden.test.ts", "pool-not-allowed"),
  },
  {
    name: "security: a pool that is not for them is refused to leases",
    file: "shared/ledger/redis/lua/acquire.lua",
    guard: "if not holds and not running and not allowed() then",
    without: "if false then",
    finder: tests("conformance", "test/conformance/ledger-acquire.test.ts", "holds the pool's allow"),
  },
];
