import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { EgressError, errorCatalogue } from "../../shared/errors.ts";
import { operations, type Operation } from "../../shared/lease-api/operations.ts";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { buildApp } from "../../webhook/app.ts";
import { attach, fillPartners } from "../support/ledger-cases.ts";
import { appOptions } from "../support/webhook-app.ts";

const who = { podUid: "pod-1", pod: "apps/pod-1", serviceAccount: "apps/default", node: "n1", nodeUid: "uid-n1" };
let app: ReturnType<typeof buildApp>["fastify"];
let ledger: ReturnType<typeof createMemoryLedger>;

/** The token `good` is pod-1's, and pod-0 holds the address of n1. */
beforeAll(async () => {
  ledger = createMemoryLedger();
  await ledger.beat(null);
  await fillPartners(ledger);
  await attach(ledger, "pod-0", "n1");
  const usual = await appOptions();
  const { log } = usual;
  const work = () => Promise.reject(new Error("no cloud work was asked for"));
  const leaseApi = {
    leases: createLeaseService({ ledger, work, mayWork: [], leaseMs: 60_000, log }),
    async identify(token: string) {
      if (token === "good") return who;
      throw new EgressError("TOKEN_REFUSED", "not ours");
    },
    authorize: () => Promise.resolve(),
    trusted: () => "",
    callLimit: { most: 1_000_000, windowMs: 10_000 },
    metrics: createMetrics(),
    log,
  };
  app = buildApp({ ...usual, leaseApi }).fastify;
});

const header = fc.oneof(
  fc.constant(`Lease pod-0.${"a".repeat(43)}`),
  fc.constantFrom(
    "Bearer good",
    "Bearer bad",
    "Bearer",
    "Lease pod-0",
    `Lease pod-0.${"a".repeat(43)}`,
    "Basic YTpi",
    "",
  ),
  fc.string({ maxLength: 100 }).map((text) => `Lease pod-0.${text.replaceAll(/[^\x20-\x7e]/g, "")}`),
  fc.string({ maxLength: 100 }).map((text) => `Bearer ${text.replaceAll(/[^\x20-\x7e]/g, "")}`),
);
const field = fc.oneof(fc.constantFrom("partners", "proceeding", 0, 1, null, true), fc.jsonValue({ maxDepth: 2 }));
const names = [
  "pool",
  "note",
  "timeoutMs",
  "graceMs",
  "kind",
  "detail",
  "trusts",
  "podUid",
  "__proto__",
  "constructor",
];
const right = {
  acquire: { pool: "partners" },
  wait: { timeoutMs: 1 },
  renew: { note: null },
  drain: { graceMs: 1000 },
  release: {},
  state: {},
};
const body = fc.oneof(
  fc.constant(null), // the right one
  fc
    .dictionary(fc.constantFrom(...names), fc.oneof(field, fc.dictionary(fc.constantFrom(...names), field)))
    .map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 4 }),
  fc.string({ maxLength: 200 }),
);

/** What an answer may be: done, answered as described, or refused with a code of the catalogue. */
function isDescribed(operation: Operation, status: number, text: string): boolean {
  if (status === 204) return text === "" && operation.answer === undefined;
  if (status === 200) return operation.answer?.safeParse(JSON.parse(text)).success === true;
  const { code } = JSON.parse(text) as { code: string };
  return [400, 401, 403].includes(status) && Object.hasOwn(errorCatalogue, code);
}

describe("lease API, whatever it is asked", () => {
  it("answers as it is described, never with a fault, and touches no lease of another pod", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
        header,
        body,
        async (name, said, other) => {
          const payload = other ?? JSON.stringify(right[name]);
          const operation = operations[name];
          const headers = { "content-type": "application/json", ...(said === "" ? {} : { authorization: said }) };
          const waits = name === "wait" && said === "Bearer good";
          fc.pre(!waits || !/[1-9]\d{2}/.test(payload)); // it would wait
          const { statusCode, body: text } = await app.inject({
            method: "POST",
            url: operation.path,
            headers,
            payload,
          });
          expect({ statusCode, text, isDescribed: isDescribed(operation, statusCode, text) }).toMatchObject({
            isDescribed: true,
          });
          expect((await ledger.snapshot()).leases).toContainEqual(
            expect.objectContaining({ podUid: "pod-0", state: "held", node: "n1" }),
          );
        },
      ),
      { numRuns: 600 },
    );
  });
});
