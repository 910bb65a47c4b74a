import type { FastifyInstance, FastifyReply } from "fastify";
import type * as z from "zod";
import { EgressError } from "../../shared/errors.ts";
import { openapi } from "../../shared/lease-api/openapi.ts";
import { operations, type Operation } from "../../shared/lease-api/operations.ts";
import type { acquireAnswer, renewAnswer, stateAnswer } from "../../shared/lease-api/schemas.ts";
import type { LeaseAnswer } from "../../shared/leases/port.ts";
import type { PodLease } from "../../shared/ledger/records.ts";
import type { LeaseService } from "../../shared/leases/service.ts";
import type { Logger } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { Authorize } from "../authorization/authorize.ts";
import type { Identity } from "../identity/identity.ts";
import type { Identify } from "../identity/review-tokens.ts";
import { type CallLimit, countCalls } from "./calls.ts";
import { bearerOf, hashOf, newSecret, speakerOf, type Speaker } from "./credentials.ts";
import { refusalOf } from "./refusal.ts";

export interface LeaseApiOptions {
  readonly leases: LeaseService;
  readonly identify: Identify;
  readonly authorize: Authorize;
  /** PEM of the CAs that sidecars are to believe; "" where they are not known. */
  readonly trusted: () => string;
  /** Of one pod, or one lease. */
  readonly callLimit?: CallLimit;
  readonly metrics: Pick<Metrics, "apiRefused">;
  readonly log: Logger;
}

const bodyLimit = 16 * 1024;

/** The lease API (shared/lease-api) over the lease service. Who asks is what TokenReview says, or who knows the lease's secret. */
export function addLeaseRoutes(app: FastifyInstance, options: LeaseApiOptions): void {
  const { leases, identify, authorize, trusted, metrics, log } = options;
  const closing = new AbortController();

  void app.register(async (api) => {
    const countCall = await countCalls(api, options.callLimit);
    /** A call by the pod itself. */
    const asPod = <B extends z.ZodType>(
      { path, body }: Operation<B>,
      run: (who: Identity, body: z.output<B>, reply: FastifyReply) => Promise<unknown>,
      check: (who: Identity, body: z.output<B>) => Promise<void> = () => Promise.resolve(),
    ) =>
      api.post(path, { bodyLimit }, async (request, reply) => {
        const who = await bearerOf(request, identify);
        await countCall(request, who.podUid);
        const wish = read(body, request.body);
        await check(who, wish);
        // Gone while its token and rights were reviewed: what it has sent since, a release maybe, must not be overtaken by this.
        if (reply.raw.destroyed) return reply.hijack();
        const answer = await run(who, wish, reply);
        return reply.code(answer === undefined ? 204 : 200).send(answer);
      });
    /** A call by whoever speaks for the lease; the ledger proves it. */
    const asSpeaker = <B extends z.ZodType>(
      { path, body }: Operation<B>,
      run: (who: Speaker, body: z.output<B>) => Promise<unknown>,
    ) =>
      api.post(path, { bodyLimit }, async (request, reply) => {
        const who = await speakerOf(request, identify);
        await countCall(request, `${who.podUid} ${who.secretHash ?? ""}`);
        const answer = await run(who, read(body, request.body));
        return reply.code(answer === undefined ? 204 : 200).send(answer);
      });

    /** The CAs in force, for a sidecar that believes others. */
    function newerCa(trusts: string | undefined): { ca?: string } {
      const ca = trusted();
      return trusts === undefined || ca === "" || trusts === hashOf(ca) ? {} : { ca };
    }

    api.setErrorHandler((error, request, reply) => {
      const { status, body } = refusalOf(error);
      if (status < 500) metrics.apiRefused.inc({ code: body.code });
      const told = { status, code: body.code, path: request.routeOptions.url };
      if (status >= 500) log.error({ ...told, error }, "lease request failed");
      else if (status === 429) log.debug(told, "lease request refused"); // they are many: the metric counts them
      else log.warn({ ...told, problem: body.message.slice(0, 300) }, "lease request refused");
      return reply.code(status).send(body);
    });
    // Who waits has to ask another replica.
    api.addHook("preClose", async () => closing.abort());

    asPod(
      operations.acquire,
      async ({ podUid, pod, serviceAccount, node, nodeUid }, { pool, note, trusts }) => {
        const secret = newSecret();
        const who = { podUid, pod, serviceAccount, node, nodeUid };
        const said = note === undefined ? {} : { note };
        const answer = await leases.acquire({ ...who, pool, secretHash: hashOf(secret), ...said });
        log.info({ pod, podUid, pool, node, status: answer.status }, "lease asked for");
        return { ...answer, ...termsOf(answer), secret, ...newerCa(trusts) } satisfies z.input<typeof acquireAnswer>;
      },
      ({ serviceAccount }, { pool }) => authorize(serviceAccount, pool),
    );
    asPod(operations.wait, async ({ podUid }, { timeoutMs }, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      await leases.woken(podUid, timeoutMs, AbortSignal.any([gone.signal, closing.signal]));
    });
    asSpeaker(operations.renew, async ({ podUid, secretHash }, { note, trusts }) => {
      const answer = await leases.renew(podUid, note, secretHash);
      return { ...answer, ...(answer.status === "renewed" && newerCa(trusts)) } satisfies z.input<typeof renewAnswer>;
    });
    asSpeaker(operations.drain, ({ podUid, secretHash }, { graceMs }) => leases.drain(podUid, graceMs, secretHash));
    asSpeaker(operations.release, async ({ podUid, secretHash }) => {
      await leases.release(podUid, 0, secretHash);
      log.info({ podUid }, "lease released");
    });
    asPod(operations.state, async ({ podUid }) => stateOf(await leases.state(podUid)));
    api.get("/v1/openapi.json", () => openapi);
  });
}

function stateOf({ lease, waiter, ip }: PodLease): z.input<typeof stateAnswer> {
  if (lease !== undefined) {
    const { state, pool, expiresAtMs } = lease;
    return { state, pool, ip, expiresAtMs };
  }
  if (waiter === undefined) return { state: "none", ip };
  const { pool, reason, detail, position } = waiter;
  return { state: "waiting", pool, ip, reason, detail, ...(position > 0 && { position }) };
}

function termsOf({ pool }: LeaseAnswer) {
  if (pool === undefined) return {};
  const { name, waitSeconds, verify } = pool;
  return { pool: { name, waitSeconds, ...(verify === undefined ? {} : { verify }) } };
}

function read<B extends z.ZodType>(schema: B, body: unknown): z.output<B> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw new EgressError("REQUEST_INVALID", problems.join("; ").slice(0, 1000));
}
