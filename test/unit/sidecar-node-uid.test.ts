import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeUidOf, readNodeUid } from "../../sidecar/node-uid.ts";

const token = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

describe("nodeUidOf", () => {
  it("finds the node's UID among the token's claims", () => {
    expect(nodeUidOf(token({ "kubernetes.io": { node: { name: "n1", uid: "u-1" }, pod: { uid: "p" } } }))).toBe("u-1");
  });

  it.each([token({}), token({ "kubernetes.io": { node: { uid: 7 } } }), ""])("finds none in %s", (text) => {
    expect(nodeUidOf(text)).toBeUndefined();
  });
});

describe("readNodeUid", () => {
  it("reads the token's file", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "static-egress-token-")), "token");
    await writeFile(file, token({ "kubernetes.io": { node: { uid: "u-2" } } }));
    expect(await readNodeUid(file)).toBe("u-2");
  });

  it("knows none where there is no token", async () => {
    expect(await readNodeUid("/nowhere/token")).toBeUndefined();
  });
});
