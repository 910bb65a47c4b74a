import type { FastifyInstance } from "fastify";
import type { Logger } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { MayUse } from "../authorization/review-access.ts";
import { answerTo, questionOf, type Access } from "./access.ts";
import { admit } from "./admit.ts";
import type { Decision } from "./decide.ts";
import { annotations } from "./names.ts";
import { readReview, type AdmissionRequest } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";

export interface AdmissionRouteOptions {
  /** Asked for every review: the pools change while we run. */
  readonly settings: () => AdmissionSettings;
  /** Asked for pools that say `authorize: rbac`; without it nobody is admitted to them. */
  readonly mayUse?: MayUse;
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
    const now = settings();
    const answer = (access?: Access): void => {
      const { decision, reply } = admit(request, now, access);
      const { outcome } = decision;
      const durationMs = performance.now() - startedAt;
      metrics.admissionRequests.inc({ outcome });
      metrics.admissionSeconds.observe({ outcome }, durationMs / 1000);
      log.info(record(request, decision, durationMs), "admission decided");
      // Bytes: neither fastify nor the socket has anything left to find out about them.
      void httpReply.type("application/json; charset=utf-8").send(Buffer.from(JSON.stringify(reply)));
    };
    const question = questionOf(request, now);
    if (question === undefined) return answer();
    const tell = (error: unknown) => log.warn({ error, ...question }, "right not checked");
    return answerTo(question, options.mayUse, tell).then(answer);
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
