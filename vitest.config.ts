import { defineConfig } from "vitest/config";

const project = (name: string, more: { testTimeout?: number; globalSetup?: string[] } = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: "node" as const, ...more },
});

/** Three rings of `npm test`: no I/O; one suite per port; real Redis and HTTP emulators of the clouds. */
export default defineConfig({
  test: {
    projects: [
      project("unit"),
      project("conformance", { testTimeout: 30_000 }),
      project("integration", { testTimeout: 30_000 }),
    ],
  },
});
