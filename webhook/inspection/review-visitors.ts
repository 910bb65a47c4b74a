import type { AuthenticationV1Api, AuthorizationV1Api, V1UserInfo } from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import { EgressError } from "../../shared/errors.ts";
import { createRemembered } from "../identity/remembered.ts";
import { createTurns } from "../identity/turns.ts";
import type { ReviewVisitor } from "./access.ts";

const rememberedMs = 10_000;

/** Asks the API server who bears the token, and whether that one may `get` egresspools; believes its word for 10 s. */
export function reviewVisitors(options: {
  readonly authentication: Pick<AuthenticationV1Api, "createTokenReview">;
  readonly authorization: Pick<AuthorizationV1Api, "createSubjectAccessReview">;
  readonly clock: Clock;
}): ReviewVisitor {
  const { authentication, authorization, clock } = options;
  const remembered = createRemembered<"yes" | "no" | "unknown token">(1000, clock);
  const inTurn = createTurns({ atOnce: 4, placeMs: 50, mostWaiting: 20 });

  async function mayLook(user: V1UserInfo): Promise<boolean> {
    const { username = "", uid, groups, extra } = user;
    const resourceAttributes = { verb: "get", group: "static-egress.io", resource: "egresspools" };
    const spec = {
      user: username,
      ...(uid && { uid }),
      ...(groups && { groups }),
      ...(extra && { extra }),
      resourceAttributes,
    };
    const { status } = await authorization.createSubjectAccessReview({ body: { spec } });
    return status?.allowed === true && status.denied !== true;
  }

  async function ask(token: string): Promise<"yes" | "no" | "unknown token"> {
    try {
      const { status } = await authentication.createTokenReview({ body: { spec: { token } } });
      if (status?.authenticated !== true || status.user === undefined) return "unknown token";
      return (await mayLook(status.user)) ? "yes" : "no";
    } catch (error) {
      const what = "the API server did not answer whether the token's owner may look";
      throw new EgressError("ACCESS_UNCHECKED", what, { cause: error });
    }
  }

  return async (token, source) => {
    const key = createHash("sha256").update(token).digest("base64");
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const askedMs = clock();
    const answer = await inTurn(source, () => ask(token));
    remembered.set(key, answer, askedMs + rememberedMs);
    return answer;
  };
}
