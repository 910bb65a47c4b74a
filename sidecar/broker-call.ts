import { Agent, request } from "node:https";
import type * as z from "zod";
import { EgressError, errorCatalogue, type ErrorCode } from "../shared/errors.ts";
import type { Operation } from "../shared/lease-api/operations.ts";
import { errorAnswer } from "../shared/lease-api/schemas.ts";

export interface CallOptions {
  readonly authorization: string;
  /** For the whole answer. */
  readonly withinMs: number;
  readonly signal?: AbortSignal | undefined;
}

type Answer<O extends Operation> = O extends { answer: infer S extends z.ZodType } ? z.output<S> : undefined;

/** One call of the lease API; rejects with EgressError: the webhook's own code, BROKER_UNREACHABLE or BROKER_REPLY. */
export interface BrokerCall {
  <O extends Operation>(operation: O, body: z.input<O["body"]>, options: CallOptions): Promise<Answer<O>>;
  close(): void;
}

const longestAnswer = 64 * 1024;

/**
 * Calls over one connection that is kept. After a failed one the next connection is a new one, with the CA read anew: it
 * may have been renewed. Nothing is tried again here.
 */
export function brokerCalls({ url, ca }: { url: string; ca: () => string }): BrokerCall {
  let agent: Agent | undefined;

  function forgetConnection(): void {
    agent?.destroy();
    agent = undefined;
  }

  function connected(): Agent {
    agent ??= new Agent({ keepAlive: true, maxSockets: 4, ca: ca(), minVersion: "TLSv1.2" });
    return agent;
  }

  async function call<O extends Operation>(operation: O, body: z.input<O["body"]>, options: CallOptions) {
    const { signal, withinMs, authorization } = options;
    const late = AbortSignal.timeout(Math.max(1, Math.ceil(withinMs)));
    const over = signal === undefined ? late : AbortSignal.any([signal, late]);
    let answer: { status: number; text: string };
    try {
      const through = connected();
      answer = await post(new URL(operation.path, url), JSON.stringify(body), { agent: through, authorization, over });
    } catch (error) {
      signal?.throwIfAborted();
      forgetConnection();
      const why = late.aborted
        ? `no answer in ${Math.round(withinMs)} ms`
        : String(error instanceof Error ? error.message : error);
      throw new EgressError("BROKER_UNREACHABLE", `${url} does not answer: ${why}`, { cause: error });
    }
    return read(operation, answer) as Answer<O>;
  }

  return Object.assign(call, { close: forgetConnection });
}

function post(
  url: URL,
  text: string,
  { agent, authorization, over }: { agent: Agent; authorization: string; over: AbortSignal },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text), authorization };
    const asked = request(url, { method: "POST", agent, signal: over, headers }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        answer += chunk;
        if (answer.length > longestAnswer) asked.destroy(new Error(`more than ${longestAnswer} bytes`));
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: answer }));
    });
    asked.on("error", reject);
    asked.end(text);
  });
}

function read(operation: Operation, { status, text }: { status: number; text: string }): unknown {
  if (status === 204 && operation.answer === undefined) return undefined;
  const body = parse(text);
  if (status === 200 && operation.answer !== undefined) {
    const answer = operation.answer.safeParse(body);
    if (answer.success) return answer.data;
  }
  const refusal = errorAnswer.safeParse(body);
  if (status >= 400 && refusal.success && isCode(refusal.data.code)) {
    const { code, message, fix } = refusal.data;
    throw new EgressError(code, message, { fix });
  }
  throw new EgressError("BROKER_REPLY", `${operation.path} was answered with HTTP ${status}: ${text.slice(0, 200)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told with its beginning
  }
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code);
