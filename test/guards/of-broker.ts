import { tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const secrets = tests("conformance", "test/conformance/ledger-secret.test.ts");
const identity = (name: string) => tests("unit", "test/unit/identity.test.ts", name);
const api = (name: string) => tests("integration", "test/integration/lease-api.test.ts", name);

/** Guards of brokered mode: who is believed, and for what. */
export const brokerGuards: readonly Guard[] = [
  {
    name: "broker: Redis: only the lease's secret speaks for it",
    file: "shared/ledger/redis/lua/trust.lua",
    guard: "return hash == '' or pod.secret == hash end",
    without: "return true end",
    finder: secrets,
  },
  {
    name: "broker: memory: only the lease's secret speaks for it",
    file: "shared/ledger/memory/state.ts",
    guard: "if (secretHash === undefined || pod.secretHash === secretHash) return;",
    without: "if (secretHash !== null) return;",
    finder: secrets,
  },
  ...["renew(podUid, note", "drain(podUid, graceMs", "release(podUid, 0"].map((call) => ({
    name: `broker: ${call.split("(")[0]} brings the secret's hash`,
    file: "webhook/lease-api/routes.ts",
    guard: `leases.${call}, secretHash)`,
    without: `leases.${call})`,
    finder: api("another pod's secret"),
  })),
  {
    name: "broker: each acquire has a secret of its own",
    file: "webhook/lease-api/routes.ts",
    guard: "secretHash: hashOf(secret), ",
    without: "",
    finder: api("a secret from before the last acquire"),
  },
  {
    name: "broker: the node is the one that the token names",
    file: "webhook/lease-api/routes.ts",
    guard: "const who = { podUid, pod, serviceAccount, node, nodeUid };",
    without: "const who = { podUid, pod, serviceAccount, node };",
    finder: api("does not believe a node"),
  },
  {
    name: "broker: a pod learns only its own terms",
    file: "webhook/lease-api/routes.ts",
    guard: "...answer, ...termsOf(answer)",
    without: "...answer",
    finder: api("only the pod's terms"),
  },
  {
    name: "broker: who one is is not taken from a body",
    file: "shared/lease-api/schemas.ts",
    guard: "acquireRequest = z.strictObject",
    without: "acquireRequest = z.object",
    finder: api("no field of them in a body"),
  },
  {
    name: "broker: what the ledger says of itself stays in the webhook",
    file: "webhook/lease-api/refusal.ts",
    guard: 'refusal(503, code, "the webhook could not use its ledger")',
    without: "refusal(503, code, (error as Error).message)",
    finder: api("nothing of where it is"),
  },
  {
    name: "broker: the API server has to vouch for our audience",
    file: "webhook/identity/identity.ts",
    guard: "status.audiences?.includes(tokenAudience) !== true",
    without: "status.audiences === null",
    finder: identity("of another audience"),
  },
  {
    name: "broker: the API server has to vouch at all",
    file: "webhook/identity/identity.ts",
    guard: "status?.authenticated !== true",
    without: "status === undefined",
    finder: identity("not authenticated"),
  },
  {
    name: "broker: a token that names no pod or node is refused",
    file: "webhook/identity/identity.ts",
    guard: "if (missing.length > 0) throw",
    without: "if (missing.length > 9) throw",
    finder: identity("without node-uid"),
  },
  {
    name: "broker: an identity is remembered for a minute, and not past its token's end",
    file: "webhook/identity/review-tokens.ts",
    guard: "Math.min(askedMs + vouchedMs, endsMs)",
    without: "endsMs",
    finder: identity("remembers a good answer"),
  },
  {
    name: "broker: a renewed CA is told",
    file: "webhook/lease-api/routes.ts",
    guard: '...(answer.status === "renewed" && newerCa(trusts))',
    without: "",
    finder: api("learns of a renewed CA"),
  },
  {
    name: "broker: a renewed CA is kept for the next container",
    file: "sidecar/trust.ts",
    guard: "await rename(`${file}.new`, file);",
    without: "",
    finder: tests("unit", "test/unit/sidecar-trust.test.ts", "told last"),
  },
  {
    name: "broker: a sidecar believes the webhook's CA alone",
    file: "sidecar/broker-call.ts",
    guard: "ca: ca(),",
    without: "rejectUnauthorized: false,",
    finder: api("another CA"),
  },
];
