import type { AuthorizationV1Api } from "@kubernetes/client-node";
import type { Clock } from "../../shared/clock.ts";
import { EgressError } from "../../shared/errors.ts";
import { createAnswers } from "../identity/remembered.ts";

/** Whether a service account (`namespace/name`) has the right `use` on a pool. Rejects with ACCESS_UNCHECKED. */
export type MayUse = (serviceAccount: string, pool: string) => Promise<boolean>;

/** A right that was granted or taken away is noticed after this. */
const rememberedMs = 10_000;
const mostRemembered = 20_000;
/** The API server itself waits 3 s for an admission's answer. */
const usualPatienceMs = 1_500;

/**
 * Asks the API server (SubjectAccessReview) for `use` on the pool's `egresspools.static-egress.io`, which is cluster-scoped, and
 * remembers its word for 10 s. No answer within `patienceMs` is none, and is not remembered.
 */
export function reviewAccess(options: {
  readonly client: Pick<AuthorizationV1Api, "createSubjectAccessReview">;
  readonly clock: Clock;
  readonly patienceMs?: number;
}): MayUse {
  const { client, clock, patienceMs = usualPatienceMs } = options;
  const answer = createAnswers<boolean>(mostRemembered, clock);

  async function review(serviceAccount: string, pool: string): Promise<boolean> {
    const [namespace = "", name = ""] = serviceAccount.split("/");
    const spec = {
      user: `system:serviceaccount:${namespace}:${name}`,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      resourceAttributes: { verb: "use", group: "static-egress.io", resource: "egresspools", name: pool },
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    });
    try {
      const { status } = await Promise.race([client.createSubjectAccessReview({ body: { spec } }), late]);
      return status?.allowed === true && status.denied !== true;
    } catch (error) {
      const what = `the API server did not answer whether ${serviceAccount} may use pool '${pool}'`;
      throw new EgressError("ACCESS_UNCHECKED", what, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  return (serviceAccount, pool) =>
    answer(`${serviceAccount} ${pool}`, async () => {
      const untilMs = clock() + rememberedMs;
      return { value: await review(serviceAccount, pool), untilMs };
    });
}
