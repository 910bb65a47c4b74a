/** The page is imported as text: page.mjs builds it, for esbuild (build.mjs). */
declare module "*/page/index.html" {
  const text: string;
  export default text;
}
