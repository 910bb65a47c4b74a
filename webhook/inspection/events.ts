import type { FastifyReply } from "fastify";
import type { Mirror } from "./mirror.ts";

/** Proxies close what is silent. */
const everyMs = 15_000;

/** Server-sent events of a mirror's changes, for as long as the other side listens. */
export function sendEvents(reply: FastifyReply, mirror: Pick<Mirror, "onChange">): void {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  });
  raw.write("retry: 2000\n\n");
  const end = mirror.onChange((changed) => raw.write(`data: ${JSON.stringify({ changed })}\n\n`));
  const alive = setInterval(() => raw.write(": alive\n\n"), everyMs);
  alive.unref();
  raw.on("close", () => {
    clearInterval(alive);
    end();
  });
}
