import { createHash } from "node:crypto";

/** Lets a page run its own script and styles, by their hashes, ask its own server, and nothing else. */
export function contentSecurityPolicy(html: string): string {
  const hashOf = (tag: string): string => {
    const [, text] = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(html) ?? [];
    if (text === undefined) throw new Error(`the page has no ${tag}`);
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  };
  return [
    "default-src 'none'",
    `script-src ${hashOf("script")}`,
    `style-src ${hashOf("style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}
