import { statSync } from "node:fs";
import { join } from "node:path";
import { run } from "../e2e/support/kubectl.ts";
import { root } from "./root.ts";
import { type BenchSettings, notMeasured, type Row } from "./row.ts";

const name = "sidecar: image";

/** What is copied into the image, and the image itself where it was built on this machine. */
export async function benchSidecarSize({ env }: BenchSettings): Promise<Row[]> {
  const bundles = ["brokered.cjs", "direct.cjs", "cloud-worker.cjs"].map((file) => {
    const value = Math.round(statSync(join(root, "dist/sidecar", file)).size / 1000);
    return { name: `sidecar: ${file}`, value, unit: "kB", ...(file === "brokered.cjs" && { goal: { below: 200 } }) };
  });
  const image = env["STATIC_EGRESS_SIDECAR_IMAGE"] ?? "localhost/static-egress-sidecar:dev";
  const asked = await Promise.allSettled([
    run("docker", ["image", "inspect", "--format", "{{.Size}}", image]).then((bytes) => Number(bytes) / 1e6),
    run("buildah", ["images", "--json", image]).then(megabytes),
  ]);
  const told = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])).find((value) => value > 0);
  if (told === undefined) return [...bundles, notMeasured(name, `neither docker nor buildah knows ${image}`)];
  return [...bundles, { name, value: told, unit: "MB", note: `${image}, its base included` }];
}

/** buildah tells a size for people, say "227 MB". */
function megabytes(json: string): number {
  const [image] = JSON.parse(json) as { size: string }[];
  const [, number = "0", unit = ""] = /^([\d.]+) ([kMG])B$/.exec(image?.size ?? "") ?? [];
  return Number(number) * ({ k: 1e-3, M: 1, G: 1e3 }[unit] ?? 0);
}
