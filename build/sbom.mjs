import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";

/**
 * Writes `dist/PROGRAM/sbom.cdx.json` (CycloneDX 1.5, made by `npm sbom`): the packages whose files are in the bundles, those that are
 * installed beside them with all that they need, and Node. Without the time and the random number of a run, so that the
 * same sources give the same file. What comes from the image's base (glibc, libstdc++, dash) is not in it.
 */
export async function writeSbom(program, { metafiles, installed }) {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--omit", "optional", "--package-lock-only"];
  const {
    serialNumber: _random,
    metadata,
    components,
    dependencies,
    ...rest
  } = JSON.parse(execFileSync("npm", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }));
  const needs = new Map(dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
  const wanted = new Set(await bundled(metafiles));
  function addAll(ref) {
    if (wanted.has(ref)) return;
    wanted.add(ref);
    needs.get(ref)?.forEach(addAll);
  }
  for (const { name, "bom-ref": ref } of components) if (installed.includes(name)) addAll(ref);
  const { timestamp: _time, ...lasting } = metadata;
  const node = { "bom-ref": "node", type: "platform", name: "node", version: process.version.slice(1) };
  const told = {
    ...rest,
    metadata: { ...lasting, component: { ...metadata.component, name: `static-egress-${program}` } },
    components: [node, ...components.filter((component) => wanted.has(component["bom-ref"]))],
    dependencies: dependencies
      .filter(({ ref }) => wanted.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => wanted.has(other)) })),
  };
  await writeFile(`dist/${program}/sbom.cdx.json`, `${JSON.stringify(told, null, 2)}\n`);
}

/** `name@version` of every package of which a file is in a bundle. */
async function bundled(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]));
  folders.delete(undefined);
  return Promise.all(
    [...folders].map(async (folder) => {
      const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
      return `${name}@${version}`;
    }),
  );
}
