import { describe, expect, it } from "vitest";
import { reviewVisitors } from "../../webhook/inspection/review-visitors.ts";

type Clients = Parameters<typeof reviewVisitors>[0];
const user = { username: "jane", uid: "1", groups: ["ops"], extra: { scopes: ["a"] } };

function reviewing(token: object, access: object | Error) {
  const asked: unknown[] = [];
  let now = 0;
  const review = reviewVisitors({
    authentication: {
      createTokenReview: async (request: unknown) => {
        asked.push(request);
        return { spec: {}, status: token };
      },
    } as unknown as Clients["authentication"],
    authorization: {
      createSubjectAccessReview: async (request: unknown) => {
        asked.push(request);
        if (access instanceof Error) throw access;
        return { spec: {}, status: access };
      },
    } as unknown as Clients["authorization"],
    clock: () => now,
  });
  const pass = (ms: number) => (now += ms);
  return { review, asked, pass };
}

describe("reviewVisitors", () => {
  it("asks who bears the token, for the API server's own audiences, and whether that one may get egresspools", async () => {
    const { review, asked } = reviewing({ authenticated: true, user }, { allowed: true });
    expect(await review("t", "10.0.0.1")).toBe("yes");
    const { username, ...others } = user;
    const resourceAttributes = { verb: "get", group: "static-egress.io", resource: "egresspools" };
    expect(asked).toEqual([
      { body: { spec: { token: "t" } } },
      { body: { spec: { user: username, ...others, resourceAttributes } } },
    ]);
  });

  it.each([
    ["unknown token", { authenticated: false }, { allowed: true }],
    ["no", { authenticated: true, user }, { allowed: false }],
    ["no", { authenticated: true, user }, { allowed: true, denied: true }],
  ] as const)("%s", async (answer, token, access) => {
    expect(await reviewing(token, access).review("t", "10.0.0.1")).toBe(answer);
  });

  it("remembers a word for ten seconds, and never that there was none", async () => {
    const good = reviewing({ authenticated: true, user }, { allowed: true });
    await good.review("t", "10.0.0.1");
    await good.review("t", "10.0.0.2");
    expect(good.asked).toHaveLength(2);
    good.pass(10_000);
    await good.review("t", "10.0.0.1");
    expect(good.asked).toHaveLength(4);
    const silent = reviewing({ authenticated: true, user }, new Error("no route"));
    for (const _ of [1, 2]) await expect(silent.review("t", "a")).rejects.toMatchObject({ code: "ACCESS_UNCHECKED" });
    expect(silent.asked).toHaveLength(4);
  });
});
