// Builds dist/: what the Dockerfiles copy, the command line and the demo. Plain JavaScript, so that any Node from 20 on runs it.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { pageAsText } from "./build/page.mjs";
import { writeSbom } from "./build/sbom.mjs";

/** Not bundled: too large to parse at once, and found at run time by their own relative paths. The image installs these. */
const installed = ["@google-cloud/compute", "google-gax", "google-auth-library"];

/** CommonJS packages inside an ES module bundle still ask for these. */
const commonJsNames = [
  'import { createRequire as createRequireForBundle } from "node:module";',
  "const require = createRequireForBundle(import.meta.url);",
  "const { filename: __filename, dirname: __dirname } = import.meta;",
].join("\n");

const common = {
  loader: { ".lua": "text" },
  mainFields: ["module", "main"],
  bundle: true,
  metafile: true,
  platform: "node",
  sourcemap: false,
  legalComments: "external",
  logLevel: "warning",
  external: installed,
};

/** An ES module whose dynamic imports (the cloud SDKs) are chunks of their own, loaded when first needed. */
const modules = (program, entry, target) => ({
  ...common,
  entryPoints: { main: entry },
  outdir: `dist/${program}`,
  format: "esm",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  target,
  banner: { js: commonJsNames },
  plugins: [pageAsText],
});

/** Parts of Node that a sidecar may never need (TLS to Redis, name look-ups, hashes): 4 MiB together. */
const seldomNeeded = [
  "assert",
  "child_process",
  "crypto",
  "dns",
  "http",
  "https",
  "string_decoder",
  "tls",
  "tty",
  "url",
  "worker_threads",
];

/** These are loaded at their first use, by getters that are generated from what each exports now. */
const lazyBuiltins = {
  name: "lazy-builtins",
  setup(program) {
    program.onResolve({ filter: new RegExp(`^(node:)?(${seldomNeeded.join("|")})$`) }, ({ path, pluginData }) =>
      pluginData === "itself" ? { path, external: true } : { path: path.replace("node:", ""), namespace: "lazy" },
    );
    program.onLoad({ filter: /.*/, namespace: "lazy" }, async ({ path }) => {
      const real = createRequire(import.meta.url)(path);
      const getters = Object.keys(real).map(
        (name) => `${JSON.stringify(name)}: { enumerable: true, get: () => load().${name} }`,
      );
      const base = typeof real === "function" ? "(...args) => load()(...args)" : "{}";
      const contents = `const load = () => require("node:${path}");\nmodule.exports = Object.defineProperties(${base}, {${getters.join(",")}});`;
      return { contents, pluginData: "itself" };
    });
  },
};

/** pino's way to write from another thread, which no sidecar takes. */
const noThreads = {
  name: "no-threads",
  setup(program) {
    program.onResolve({ filter: /^thread-stream$/ }, ({ path }) => ({ path, namespace: "no-threads" }));
    program.onLoad({ filter: /.*/, namespace: "no-threads" }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error("${path} is not in this bundle"); };`,
    }));
  },
};

/** One CommonJS file: the fastest to load, and fit for --jitless, where ES modules are too slow. */
const oneFile = (entry, outfile, keepNames = false) => ({
  ...common,
  entryPoints: [entry],
  outfile,
  format: "cjs",
  minify: true,
  keepNames,
  target: "node24",
  plugins: [lazyBuiltins, noThreads],
});

/** Which of the sidecar's programs runs; each stays a file of its own beside it. */
const chosen = {
  name: "chosen-program",
  setup(program) {
    program.onResolve({ filter: /^\.\/(direct|brokered)\/main\.ts$/ }, ({ path }) => ({
      path: `./${path.split("/")[1]}.cjs`,
      external: true,
    }));
  },
};

const programs = {
  webhook: [modules("webhook", "webhook/main.ts", "node24")],
  sidecar: [
    // `require` in place of `import()`, which would load Node's machinery for ES modules.
    {
      ...oneFile("sidecar/main.ts", "dist/sidecar/main.cjs"),
      plugins: [chosen],
      supported: { "dynamic-import": false },
    },
    // Errors of ioredis are told apart by the names of their classes.
    oneFile("sidecar/direct/main.ts", "dist/sidecar/direct.cjs", true),
    oneFile("sidecar/brokered/main.ts", "dist/sidecar/brokered.cjs"),
    oneFile("sidecar/cloud-worker/main.ts", "dist/sidecar/cloud-worker.cjs", true),
  ],
  cli: [modules("cli", "cli/main.ts", "node20")],
  demo: [modules("demo", "cli/demo/main.ts", "node20")],
};

const { values: options, positionals } = parseArgs({ options: { sbom: { type: "boolean" } }, allowPositionals: true });
const wanted = positionals.length > 0 ? positionals : Object.keys(programs);
const unknown = wanted.filter((name) => !(name in programs));
if (unknown.length > 0) {
  console.error(
    `usage: node build.mjs [--sbom] [${Object.keys(programs).join("|")}]...; there is no '${unknown.join("', '")}'`,
  );
  process.exit(2);
}

const entryOf = (file) => Object.values(file.entryPoints)[0];
const files = wanted.flatMap((name) => programs[name]);
const missing = files.filter((file) => !existsSync(entryOf(file)));

await Promise.all(wanted.map((name) => rm(`dist/${name}`, { recursive: true, force: true })));
const built = new Map();
await Promise.all(
  files.filter((file) => !missing.includes(file)).map(async (file) => built.set(file, (await build(file)).metafile)),
);
if (wanted.includes("webhook")) await writeManifestOfInstalled();
if (options.sbom) {
  for (const name of wanted) {
    const metafiles = programs[name].flatMap((file) => built.get(file) ?? []);
    await writeSbom(name, { metafiles, installed: name === "webhook" ? installed : [] });
  }
}

if (missing.length > 0) {
  console.error(`build: no such entry: ${missing.map(entryOf).join(", ")}`);
  process.exitCode = 1;
}

/** A package.json that asks for `installed` alone: the image's node_modules are pruned to it. */
async function writeManifestOfInstalled() {
  const { version, dependencies } = JSON.parse(await readFile("package.json", "utf8"));
  const manifest = {
    name: "static-egress-webhook",
    version,
    private: true,
    type: "module",
    dependencies: Object.fromEntries(installed.map((name) => [name, dependencies[name]])),
  };
  await mkdir("dist/webhook", { recursive: true });
  await writeFile("dist/webhook/package.json", `${JSON.stringify(manifest, null, 2)}\n`);
}
