import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod";
import type { Clock } from "../../shared/clock.ts";
import { EgressError } from "../../shared/errors.ts";
import { timeLine } from "../../shared/inspection/time-line.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { Access } from "./access.ts";
import { contentSecurityPolicy } from "./content-security-policy.ts";
import { sendEvents } from "./events.ts";
import { addressesOf, nodesOf, pick, podsOf, poolsOf } from "./lists.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { readHistory } from "./history.ts";
import { refusalOf } from "./refusal.ts";
import { listQuery, type AddressHistory } from "./schemas.ts";
import { storyOf } from "./story.ts";

export interface InspectionOptions {
  readonly ledger: Pick<Ledger, "snapshot" | "look" | "figures" | "onChange" | "lease" | "history">;
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn">;
  /** HTML; without one there is the API alone. */
  readonly page?: string;
}

const mostSpans = 200;

/** GET / (the page) and /api/…: the ledger for those who look on (docs/inspection.md). Nothing here changes anything. */
export function addInspectionRoutes(app: FastifyInstance, options: InspectionOptions): void {
  const { ledger, access, clock, log } = options;
  const onError = (error: unknown) => log.warn({ error }, "the inspection cannot read the ledger");
  const mirror = createMirror({ ledger, clock, onError });
  const history = readHistory(ledger);
  const { page } = options;

  void app.register(async (api) => {
    api.addHook("onRequest", async (request, reply) => {
      void reply.headers({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
      await access(visitorOf(request));
    });
    api.addHook("onClose", () => mirror.close());
    api.setErrorHandler((error, request, reply) => {
      const { status, body } = refusalOf(error);
      if (status >= 500) log.warn({ error, path: request.routeOptions.url }, "inspection request failed");
      return send(reply, status, body);
    });

    const list = <Row extends Parameters<typeof pick>[0][number]>(
      path: string,
      rowsOf: (snapshot: Awaited<ReturnType<Mirror["read"]>>) => readonly Row[],
    ) =>
      api.get(path, async (request) => {
        const query = read(listQuery, request.query);
        const snapshot = await mirror.read();
        return { nowMs: snapshot.nowMs, ...pick(rowsOf(snapshot), query) };
      });

    if (page !== undefined) {
      const policy = contentSecurityPolicy(page);
      api.get("/", (_request, reply) =>
        reply.header("content-security-policy", policy).type("text/html; charset=utf-8").send(page),
      );
    }
    list("/api/pools", poolsOf);
    list("/api/addresses", addressesOf);
    api.get<{ Params: { ip: string } }>("/api/addresses/:ip/history", async (request): Promise<AddressHistory> => {
      const { ip } = request.params;
      const [{ nowMs }, entries] = await Promise.all([mirror.read(), history()]);
      const spans = entries && timeLine(entries.filter((entry) => entry.ip === ip)).slice(0, mostSpans);
      const sinceMs = entries?.[0]?.atMs ?? null;
      return { nowMs, ip, sinceMs, spans: spans && spans.map((span) => ({ ...span, pods: [...span.pods] })) };
    });
    list("/api/nodes", nodesOf);
    list("/api/leases", (snapshot) => podsOf(snapshot).filter(({ state }) => state !== "waiting"));
    list("/api/waiting", (snapshot) => podsOf(snapshot).filter(({ state }) => state === "waiting"));
    api.get<{ Params: { namespace: string; name: string } }>("/api/pods/:namespace/:name", async (request) => {
      const { namespace, name } = request.params;
      const [snapshot, entries] = await Promise.all([mirror.read(), history()]);
      return storyOf(`${namespace}/${name}`, snapshot, entries, (podUid) => ledger.lease(podUid));
    });
    api.get("/api/events", async (_request, reply) => {
      await mirror.read(); // fails here rather than after 200
      sendEvents(reply, mirror);
    });
    api.get("/api/*", (request) => {
      throw new EgressError("ROUTE_UNKNOWN", `there is no GET ${request.url.slice(0, 100)}`, {
        fix: "See docs/inspection.md.",
      });
    });
  });
}

function visitorOf({ ip, host, headers }: FastifyRequest) {
  return {
    remoteAddress: ip,
    host: host.replace(/:\d+$/, ""),
    forwarded: headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined,
    authorization: headers.authorization,
  };
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "query"}: ${message}`);
  throw new EgressError("REQUEST_INVALID", problems.join("; "), { fix: "See docs/inspection.md." });
}

function send(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.code(status).type("application/json; charset=utf-8").send(body);
}
