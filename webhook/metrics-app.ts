import Fastify, { type FastifyInstance } from "fastify";
import type { Metrics } from "../shared/metrics.ts";

/** GET /metrics, over HTTP on a port of its own. Builds only. */
export function buildMetricsApp({ metrics }: { readonly metrics: Pick<Metrics, "registry"> }): FastifyInstance {
  const fastify = Fastify({ logger: false, forceCloseConnections: true });
  fastify.get("/metrics", async (_request, reply) => {
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).send(text);
  });
  return fastify;
}
