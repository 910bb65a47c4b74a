// Builds the inspection page: one HTML text with its styles and script inside, for build.mjs and its tests.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

/** The page whose index.html is at `path`. Everything but types and pure functions of shared/ is in that folder. */
export async function buildPage(path) {
  const folder = path.slice(0, -"index.html".length);
  const part = async (name) => {
    const options = {
      bundle: true,
      minify: true,
      write: false,
      format: "iife",
      target: "es2022",
      legalComments: "none",
    };
    const { outputFiles } = await build({ ...options, entryPoints: [`${folder}${name}`], logLevel: "warning" });
    return outputFiles[0].text.trim();
  };
  const [html, style, script] = await Promise.all([readFile(path, "utf8"), part("page.css"), part("main.ts")]);
  if (/<\/(script|style)/i.test(script + style)) throw new Error("a part of the page would end itself");
  return html
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace("<script></script>", () => `<script>${script}</script>`);
}

/** esbuild: the page is imported as text. */
export const pageAsText = {
  name: "page-as-text",
  setup(program) {
    program.onLoad({ filter: /inspection.page.index\.html$/ }, async ({ path }) => ({
      contents: await buildPage(path),
      loader: "text",
    }));
  },
};
