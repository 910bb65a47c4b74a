import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { guards } from "../guards/guards.ts";

/** `npm run guards` takes an hour; that each guard is still where it is said to be is told at once. */
it.each(guards.map((guard) => [guard.name, guard] as const))(
  "guard: %s stands once in its file",
  (_, { file, guard }) => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    expect(text.split(guard).length - 1, `${file}: ${guard}`).toBe(1);
  },
);
