import Fastify, { type FastifyInstance } from "fastify";
import type { Metrics } from "../shared/metrics.ts";
import { addInspectionRoutes, type InspectionOptions } from "./inspection/routes.ts";
import { parserLimits, serverLimits, shareConnections, type ServerLimits } from "./limits.ts";

/** GET /metrics and, where it is on, the inspection, over HTTP on a port of its own. Builds only. */
export function buildMetricsApp(options: {
  readonly metrics: Pick<Metrics, "registry">;
  readonly inspection?: InspectionOptions | undefined;
  readonly limits?: Partial<ServerLimits>;
}): FastifyInstance {
  const { registry } = options.metrics;
  const limits = { ...serverLimits, connections: 100, ...options.limits };
  const fastify = Fastify({
    http: parserLimits(limits),
    logger: false,
    forceCloseConnections: true,
    requestTimeout: limits.requestMs,
    bodyLimit: 1024, // nobody has to send one
  });
  shareConnections(fastify.server, limits.connections);
  fastify.get("/metrics", async (_request, reply) => {
    const text = await registry.metrics();
    return reply.type(registry.contentType).send(text);
  });
  if (options.inspection !== undefined) addInspectionRoutes(fastify, options.inspection);
  return fastify;
}
