import type { Plugin } from "esbuild";

export function buildPage(path: string): Promise<string>;
export const pageAsText: Plugin;
