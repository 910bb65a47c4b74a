/** The page is imported as text: build/page.mjs makes it, for esbuild (build.mjs). */
declare module "*/page/index.html" {
  const text: string;
  export default text;
}
