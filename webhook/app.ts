import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Server } from "node:https";
import { addAdmissionRoute, type AdmissionRouteOptions } from "./admission/route.ts";
import type { ServingCertificate } from "./certificates/port.ts";
import { errorReply, unknownRoute, type ErrorReply } from "./error-reply.ts";
import { addLeaseRoutes, type LeaseApiOptions } from "./lease-api/routes.ts";
import { parserLimits, secureTls, serverLimits, shareConnections, type ServerLimits } from "./limits.ts";
import type { Readiness } from "./readiness.ts";

export interface AppOptions extends AdmissionRouteOptions {
  readonly certificate: Pick<ServingCertificate, "key" | "cert">;
  readonly readiness: () => Readiness;
  /** Where sidecars are brokered. */
  readonly leaseApi?: LeaseApiOptions;
  readonly limits?: Partial<ServerLimits>;
}

export interface App {
  readonly fastify: FastifyInstance;
  /** New connections see this certificate from now on. */
  useCertificate(certificate: Pick<ServingCertificate, "key" | "cert">): void;
}

/** The API server keeps idle connections for 90 s; whoever closes first must not be us, or a pod is refused. */
const keepAliveTimeout = 120_000;
/** A connection on which nothing moves for so long is dead: longer than any wait, and than keepAliveTimeout. */
const connectionTimeout = 150_000;

/** Admission and health over HTTPS. Builds only: main.ts listens and closes. */
export function buildApp(options: AppOptions): App {
  const limits = { ...serverLimits, ...options.limits };
  const fastify: FastifyInstance = Fastify({
    https: { ...tls(options.certificate), ...parserLimits(limits), handshakeTimeout: limits.handshakeMs },
    logger: false,
    keepAliveTimeout,
    requestTimeout: limits.requestMs,
    connectionTimeout,
    forceCloseConnections: "idle",
    onProtoPoisoning: "error",
    onConstructorPoisoning: "error",
    // What still comes over a known connection while we stop is answered: a 503 would refuse a pod.
    return503OnClosing: false,
  });
  shareConnections(fastify.server, limits.connections);
  // A review is JSON; fastify's text parser would hand over a string.
  fastify.removeContentTypeParser("text/plain");

  fastify.setErrorHandler((error, request, reply) => {
    const answer = errorReply(error);
    const fault = answer.status >= 500;
    if (request.url.startsWith("/mutate"))
      options.metrics.admissionRequests.inc({ outcome: fault ? "fault" : "invalid" });
    if (fault) options.log.error({ error, path: request.url.slice(0, 100) }, "request failed");
    else options.log.warn({ status: answer.status, problem: answer.body.message.slice(0, 300) }, "request refused");
    return send(reply, answer);
  });
  fastify.setNotFoundHandler((request, reply) => send(reply, unknownRoute(request.method, request.url)));

  addAdmissionRoute(fastify, options);
  if (options.leaseApi !== undefined) addLeaseRoutes(fastify, options.leaseApi);
  fastify.get("/healthz", () => ({ ok: true }));
  fastify.get("/readyz", (_request, reply) => {
    const readiness = options.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  return {
    fastify,
    useCertificate: (certificate) => (fastify.server as unknown as Server).setSecureContext(tls(certificate)),
  };
}

function tls({ key, cert }: Pick<ServingCertificate, "key" | "cert">) {
  return { key, cert, ...secureTls };
}

function send(reply: FastifyReply, { status, body }: ErrorReply): FastifyReply {
  return reply.code(status).type("application/json; charset=utf-8").send(body);
}
