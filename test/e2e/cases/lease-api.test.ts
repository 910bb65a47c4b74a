import { describe, expect, it } from "vitest";
import { apply, get } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, scene, settings } from "../support/scene.ts";

interface Injected {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly initContainers: readonly { readonly env: readonly { name: string; value?: string }[] }[] };
}

const sidecar = "static-egress-lease";
const run = {
  acquire: { path: "/v1/lease/acquire", body: { pool: "partners" } },
  release: { path: "/v1/lease/release", body: {} },
};

/** Asks the lease API from inside the pod's sidecar; `$TOKEN` in `authorization` is its own token. Prints status and code. */
const asking = (call: keyof typeof run, authorization: string): string => `
const { request } = require("node:https"), { readFileSync } = require("node:fs");
const authorization = ${JSON.stringify(authorization)}.replace("$TOKEN", () => readFileSync("/var/run/secrets/static-egress/token", "utf8").trim());
const url = new URL(${JSON.stringify(run[call].path)}, process.env.STATIC_EGRESS_BROKER_URL);
const headers = { authorization, "content-type": "application/json" };
request(url, { method: "POST", headers, ca: process.env.STATIC_EGRESS_BROKER_CA }, (answer) => {
  let text = "";
  answer.on("data", (part) => (text += part)).on("end", () => console.log(answer.statusCode, text && (JSON.parse(text).code ?? JSON.parse(text).status)));
}).end(${JSON.stringify(JSON.stringify(run[call].body))});`;

describe.runIf(settings.mode === "brokered")("the lease API of a real cluster", () => {
  const { namespace, kube, pod, ready } = scene("lease-api", { lasting: true });
  const ask = async (from: string, call: keyof typeof run, authorization: string): Promise<string> =>
    (await kube("exec", from, "-c", sidecar, "--", "node", "-e", asking(call, authorization))).trim();

  it("believes the API server alone: the pod of the token, and no other", async () => {
    const [node = ""] = await workers();
    for (const name of ["mine", "theirs"]) await apply(pod({ name, node, pool: "partners", port: freshPort() }));
    await ready("mine");
    await ready("theirs");
    const theirs = await get<Injected>("-n", namespace, "pod", "theirs");
    const forged = [{ alg: "RS256" }, { aud: ["static-egress"], exp: 4_000_000_000 }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");

    expect(await ask("mine", "acquire", "Bearer $TOKEN")).toBe("200 attached");
    expect(await ask("mine", "acquire", `Bearer ${forged}.c2lnbmVk`)).toBe("401 TOKEN_REFUSED");
    const guessed = `Lease ${theirs.metadata.uid}.${"A".repeat(43)}`;
    expect(await ask("mine", "release", guessed)).toBe("403 LEASE_SECRET_WRONG");
    await ready("theirs");
  });

  it("is all that a sidecar has: no key to Redis or a cloud in its pod", async () => {
    const mine = await get<Injected>("-n", namespace, "pod", "mine");
    const text = JSON.stringify(mine.spec);
    expect(text).toContain("STATIC_EGRESS_BROKER_URL");
    for (const key of ["REDIS_URL", "secretRef", "secretKeyRef", "ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS"]) {
      expect(text).not.toContain(key);
    }
  });
});
