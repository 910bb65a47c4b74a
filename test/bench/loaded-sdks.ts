import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServers } from "./admission-servers.ts";
import { root } from "./root.ts";

/** esbuild names the package above each piece of it; what is not bundled is loaded under its own path. */
const cloudSdk = /node_modules\/(@aws-sdk|@smithy|@google-cloud|google-gax)\//;

/**
 * The scripts with a part of a cloud SDK that the webhook loads to answer a review: Node's own coverage lists every script that
 * it has loaded. Throws when dist/webhook holds no such script at all: then this looks for the wrong thing.
 */
export async function loadedCloudSdks(body: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "static-egress-loaded-"));
  try {
    const servers = await startServers({ body, answer: "{}", env: { NODE_V8_COVERAGE: folder } });
    await servers.close();
    const scripts = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { result: { url: string }[] };
      return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
    });
    if (!scripts.some((url) => url.endsWith("/dist/webhook/main.js")))
      throw new Error("the coverage does not list the webhook");
    const chunks = join(root, "dist/webhook/chunks");
    if (!readdirSync(chunks).some((name) => cloudSdk.test(readFileSync(join(chunks, name), "utf8"))))
      throw new Error(`no file in ${chunks} holds a cloud SDK`);
    return scripts.filter((url) => cloudSdk.test(url) || cloudSdk.test(readFileSync(fileURLToPath(url), "utf8")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
