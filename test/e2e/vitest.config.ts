import { defineConfig } from "vitest/config";

/** One case after the other: they share nodes, addresses and the webhook. */
export default defineConfig({
  test: {
    include: ["test/e2e/cases/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
    reporters: ["verbose"],
  },
});
