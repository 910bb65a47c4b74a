import type { AuthenticationV1Api } from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import { EgressError } from "../../shared/errors.ts";
import { tokenAudience } from "../admission/names.ts";
import { unprovenClaims } from "./claims.ts";
import { identityOf, type Identity } from "./identity.ts";
import { createAnswers } from "./remembered.ts";
import { createTurns, type TurnLimits } from "./turns.ts";

/**
 * Who bears the token. `source`, the caller's network address, proves nothing: sources take turns. Rejects with TOKEN_REFUSED,
 * TOKEN_OTHER_AUDIENCE, IDENTITY_INCOMPLETE, IDENTITY_UNCHECKED or RATE_LIMITED.
 */
export type Identify = (token: string, source: string) => Promise<Identity>;

/** A pod's token stops working when its object is gone: for this long we would not notice. */
const vouchedMs = 60_000;
const refusedMs = 5_000;
const mostRemembered = 20_000;

/** At most 400 reviews a second, 100 at once: forged tokens must not use up the API server, nor our own share of it. */
const usualTurns: TurnLimits = { atOnce: 100, placeMs: 250, mostWaiting: 1000 };

/**
 * Asks the API server who bears a token (TokenReview), and remembers the answer by the token's hash: a good one for 60 s,
 * never past its end, a bad one for 5 s; no answer is not remembered. What cannot be good by its own words is not asked for.
 */
export function reviewTokens(options: {
  readonly client: Pick<AuthenticationV1Api, "createTokenReview">;
  readonly clock: Clock;
  readonly turns?: TurnLimits;
}): Identify {
  const { client, clock } = options;
  const inTurn = createTurns(options.turns ?? usualTurns);
  const answer = createAnswers<Identity | EgressError>(mostRemembered, clock);

  async function review(token: string): Promise<Identity | EgressError> {
    const spec = { token, audiences: [tokenAudience] };
    const answer = await client.createTokenReview({ body: { spec } }).catch((error: unknown) => {
      throw new EgressError("IDENTITY_UNCHECKED", "the API server did not answer who bears the token", {
        cause: error,
      });
    });
    try {
      return identityOf(answer.status);
    } catch (error) {
      if (error instanceof EgressError) return error;
      throw error;
    }
  }

  async function ask(token: string, endsMs: number) {
    const askedMs = clock();
    const value = await review(token);
    const untilMs = value instanceof EgressError ? askedMs + refusedMs : Math.min(askedMs + vouchedMs, endsMs);
    return { value, untilMs };
  }

  return async (token, source) => {
    const claims = unprovenClaims(token);
    if (claims === undefined) throw new EgressError("TOKEN_REFUSED", "the token is no JWT with aud and exp");
    if (claims.endsMs <= clock()) throw new EgressError("TOKEN_REFUSED", "the token has expired");
    if (!claims.audiences.includes(tokenAudience))
      throw new EgressError("TOKEN_OTHER_AUDIENCE", `the token is for other audiences than ${tokenAudience}`);
    const key = createHash("sha256").update(token).digest("base64");
    const found = await answer(key, () => inTurn(source, () => ask(token, claims.endsMs)));
    if (found instanceof EgressError) throw found;
    return found;
  };
}
