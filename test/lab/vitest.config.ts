import { defineConfig } from "vitest/config";

/** Not part of `npm test`: needs the emulators. `npx vitest run --config test/lab/vitest.config.ts` */
export default defineConfig({
  test: { name: "lab", dir: import.meta.dirname, include: ["*.test.ts"], testTimeout: 30_000, fileParallelism: false },
});
