import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

// For `node --import`: .lua files are text, as for esbuild (build.mjs) and vitest (vitest.config.ts).
registerHooks({
  load(url, context, next) {
    if (!url.endsWith(".lua")) return next(url, context);
    const source = `export default ${JSON.stringify(readFileSync(new URL(url), "utf8"))};`;
    return { format: "module", shortCircuit: true, source };
  },
});
