import type { V1TokenReview } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { createRemembered } from "../../webhook/identity/remembered.ts";
import { reviewTokens } from "../../webhook/identity/review-tokens.ts";
import type { TurnLimits } from "../../webhook/identity/turns.ts";
import { reviewed, tokenOf } from "../support/lease-api/tokens.ts";

const who = { podUid: "pod-1", node: "n1" };

function scene(answer: (body: V1TokenReview) => V1TokenReview | Promise<V1TokenReview> = reviewed, turns?: TurnLimits) {
  let now = 1_700_000_000_000;
  const asked: string[] = [];
  const client = {
    async createTokenReview({ body }: { body: V1TokenReview }) {
      asked.push(body.spec.token ?? "");
      return answer(body);
    },
  };
  const asking = reviewTokens({ client, clock: () => now, ...(turns && { turns }) });
  const identify = (bearer: string, source = "192.0.2.1") => asking(bearer, source);
  const token = (more: object = {}, signature?: string) =>
    tokenOf({ ...who, endsMs: 1_700_000_000_000 + 3_600_000, ...more }, signature);
  return { identify, token, asked, pass: (ms: number) => void (now += ms) };
}
/** The review of a good token, with one thing about it changed. */
const but = (change: (status: NonNullable<V1TokenReview["status"]>) => void) => (body: V1TokenReview) => {
  const review = reviewed(body);
  change(review.status ?? {});
  return review;
};

describe("reviewTokens", () => {
  it("takes pod, node and service account from the API server's answer", async () => {
    const { identify, token } = scene();
    expect(await identify(token())).toEqual({
      podUid: "pod-1",
      pod: "apps/pod-1",
      serviceAccount: "apps/default",
      node: "n1",
      nodeUid: "uid-n1",
    });
  });

  describe("when the token cannot be good by its own words", () => {
    it.each([
      ["no JWT", () => "token", "TOKEN_REFUSED"],
      ["no JSON in it", () => "a.b.c", "TOKEN_REFUSED"],
      ["expired", (t: ReturnType<typeof scene>) => t.token({ endsMs: 1_699_999_999_000 }), "TOKEN_REFUSED"],
      ["the API's own", (t: ReturnType<typeof scene>) => t.token({ audience: "kubernetes" }), "TOKEN_OTHER_AUDIENCE"],
    ])("%s: refuses without asking", async (_, make, code) => {
      const test = scene();
      await expect(test.identify(make(test))).rejects.toMatchObject({ code });
      expect(test.asked).toEqual([]);
    });
  });

  describe("when the API server's answer is not all that is needed", () => {
    it.each([
      ["not authenticated", but((status) => (status.authenticated = false)), "TOKEN_REFUSED"],
      ["of no audience", but((status) => delete status.audiences), "TOKEN_OTHER_AUDIENCE"],
      ["of another audience", but((status) => (status.audiences = ["kubernetes"])), "TOKEN_OTHER_AUDIENCE"],
      ["of a person", but(({ user }) => void Object.assign(user ?? {}, { username: "jane" })), "IDENTITY_INCOMPLETE"],
      ["of no pod", but(({ user }) => void Object.assign(user ?? {}, { extra: {} })), "IDENTITY_INCOMPLETE"],
      ...["pod-name", "pod-uid", "node-name", "node-uid"].map(
        (name) =>
          [
            `without ${name}`,
            but((status) => delete status.user?.extra?.[`authentication.kubernetes.io/${name}`]),
            "IDENTITY_INCOMPLETE",
          ] as const,
      ),
    ] as const)("%s: refuses", async (_, answer, code) => {
      const { identify, token } = scene(answer);
      await expect(identify(token())).rejects.toMatchObject({ code });
    });
  });

  it("remembers a good answer for 60 s, and a bad one for 5 s", async () => {
    const { identify, token, asked, pass } = scene();
    for (let second = 0; second < 60; second++) {
      await identify(token());
      await expect(identify(token({}, "forged"))).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
      pass(1000);
    }
    expect(asked.filter((each) => each === token())).toHaveLength(1);
    expect(asked.filter((each) => each !== token())).toHaveLength(12);
    await identify(token());
    expect(asked.filter((each) => each === token())).toHaveLength(2);
  });

  it("does not remember past the token's end", async () => {
    const { identify, token, asked, pass } = scene();
    const short = token({ endsMs: 1_700_000_000_000 + 10_000 });
    await identify(short);
    pass(10_000);
    await expect(identify(short)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
    expect(asked).toHaveLength(1);
  });

  it("asks once for a token that is asked about many times at once", async () => {
    const { identify, token, asked } = scene();
    await Promise.all([identify(token()), identify(token()), identify(token())]);
    expect(asked).toHaveLength(1);
  });

  it("asks for a few forged tokens at a time, and for another source's token next", async () => {
    const held: (() => void)[] = [];
    let slow = true;
    const answer = async (body: V1TokenReview) => {
      if (slow) await new Promise<void>((resolve) => held.push(resolve));
      return reviewed(body);
    };
    const { identify, token, asked } = scene(answer, { atOnce: 2, placeMs: 0, mostWaiting: 5 });
    const forged = Array.from({ length: 20 }, (_, index) =>
      identify(token({}, `forged${index}`), "192.0.2.66").catch((error: { code: string }) => error.code),
    );
    const honest = identify(token());
    await expect.poll(() => asked.length).toBe(2);
    slow = false;
    held.forEach((goOn) => goOn());
    expect(await honest).toMatchObject({ podUid: "pod-1" });
    expect(asked.indexOf(token())).toBeLessThan(4);
    const codes = await Promise.all(forged);
    expect(codes.filter((code) => code === "RATE_LIMITED")).toHaveLength(13);
    expect(asked).toHaveLength(8);
  });

  it("remembers nothing when the API server does not answer", async () => {
    let broken = true;
    const { identify, token } = scene((body) => {
      if (broken) throw new Error("connect ECONNREFUSED");
      return reviewed(body);
    });
    await expect(identify(token())).rejects.toMatchObject({ code: "IDENTITY_UNCHECKED" });
    broken = false;
    expect(await identify(token())).toMatchObject({ podUid: "pod-1" });
  });
});

describe("createRemembered", () => {
  it("holds no more than it may: what was asked for the longest ago goes first", () => {
    const remembered = createRemembered<number>(2, () => 0);
    remembered.set("a", 1, 1);
    remembered.set("b", 2, 1);
    remembered.get("a");
    remembered.set("c", 3, 1);
    expect(["a", "b", "c"].map((key) => remembered.get(key))).toEqual([1, undefined, 3]);
  });
});
