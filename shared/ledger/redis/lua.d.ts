/** Lua files are imported as text: by esbuild's text loader, and by a plugin of vitest.config.ts. */
declare module "*.lua" {
  const text: string;
  export default text;
}
