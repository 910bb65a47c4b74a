import { readFileSync } from "node:fs";

/** How the image starts the sidecar: Node's flags and the environment, as Dockerfile.sidecar has them. */
export interface SidecarImage {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const sidecarImage: SidecarImage = parseSidecarImage(
  readFileSync(new URL("../../Dockerfile.sidecar", import.meta.url), "utf8"),
);

/** Of the last stage. Throws when that has no ENTRYPOINT of the form ["node", flags…, script]. */
export function parseSidecarImage(dockerfile: string): SidecarImage {
  const stage =
    dockerfile
      .replaceAll(/\\\n\s*/g, "")
      .split(/^FROM /m)
      .at(-1) ?? "";
  const pairs = [...stage.matchAll(/^ENV (.+)$/gm)].flatMap(([, line = ""]) => line.split(" "));
  const entrypoint = /^ENTRYPOINT (\[.+\])$/m.exec(stage)?.[1] ?? "[]";
  const [program, ...rest] = JSON.parse(entrypoint) as string[];
  const script = rest.at(-1) ?? "";
  if (program !== "node" || !script.endsWith(".cjs"))
    throw new Error(`ENTRYPOINT of Dockerfile.sidecar: seen ${entrypoint}; accepted: ["node", flags…, "….cjs"]`);
  const env = pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return { flags: rest.slice(0, -1), env: Object.fromEntries(env) as Record<string, string> };
}
