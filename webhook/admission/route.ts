import type { FastifyInstance } from "fastify";
import type { Logger } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import { admit } from "./admit.ts";
import type { Decision } from "./decide.ts";
import { annotations } from "./names.ts";
import { readReview, type AdmissionRequest } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";

export interface AdmissionRouteOptions {
  /** Asked for every review: the pools change while we run. */
  readonly settings: () => AdmissionSettings;
  readonly metrics: Pick<Metrics, "admissionRequests" | "admissionSeconds">;
  readonly log: Logger;
}

/** The API server sends up to 3 MiB of object, plus the envelope. */
const bodyLimit = 4 * 1024 * 1024;

/** POST /mutate. Errors are left to the app's error handler. */
export function addAdmissionRoute(app: FastifyInstance, options: AdmissionRouteOptions): void {
  const { settings, metrics } = options;
  // Looking for secrets to hide is most of a record's cost, and `record` picks fields that hold none.
  const log = options.log.child({}, { redact: [] });
  app.post("/mutate", { bodyLimit }, (httpRequest, httpReply) => {
    const startedAt = performance.now();
    const request = readReview(httpRequest.body);
    const { decision, reply } = admit(request, settings());
    const { outcome } = decision;
    const durationMs = performance.now() - startedAt;
    metrics.admissionRequests.inc({ outcome });
    metrics.admissionSeconds.observe({ outcome }, durationMs / 1000);
    log.info(record(request, decision, durationMs), "admission decided");
    // Bytes: neither fastify nor the socket has anything left to find out about them.
    void httpReply.type("application/json; charset=utf-8").send(Buffer.from(JSON.stringify(reply)));
  });
}

/** Which pod, as far as it has a name yet; never its content. */
function record(request: AdmissionRequest, decision: Decision, durationMs: number): Record<string, unknown> {
  const metadata = (request.object as { metadata?: Record<string, unknown> } | null | undefined)?.metadata;
  const name = metadata?.["name"] ?? metadata?.["generateName"];
  const asked = (metadata?.["annotations"] as Record<string, unknown> | null | undefined)?.[annotations.pool];
  return {
    outcome: decision.outcome,
    reasons: decision.reasons.map(({ key }) => key),
    uid: request.uid,
    namespace: request.namespace,
    pod: typeof name === "string" ? name.slice(0, 253) : undefined,
    pool: typeof asked === "string" ? asked.slice(0, 63) : undefined,
    durationMs: Math.round(durationMs * 100) / 100,
  };
}
