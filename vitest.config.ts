import { defineConfig } from "vitest/config";

/** Lua files are text, as for esbuild (build.mjs). */
const lua = {
  name: "lua-as-text",
  transform: (code: string, id: string) =>
    id.endsWith(".lua") ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined,
};

const patience = { testTimeout: 30_000, hookTimeout: 120_000 };

const setupFiles = ["test/support/fast-check-setup.ts"];

const project = (name: string, more: { testTimeout?: number; globalSetup?: string[] } = {}) => ({
  // Limits are for what never ends, on machines that are busy with other things: what takes how long is measured by benches.
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: "node" as const,
    setupFiles,
    ...patience,
    ...more,
  },
});

/** The rings of `npm test`: no I/O; some hundred simulated histories; every step with every fault; one suite per port; real Redis and HTTP emulators of the clouds. */
export default defineConfig({
  plugins: [lua],
  test: {
    // Most files wait for processes and servers rather than compute: more at a time than there are cores.
    maxWorkers: 4,
    projects: [
      project("unit"),
      project("simulation", { testTimeout: 180_000 }),
      project("matrix", { testTimeout: 180_000 }),
      project("conformance", { testTimeout: 60_000, globalSetup: ["test/support/redis-setup.ts"] }),
      // Not in `npm test`, which needs Node alone: a real Chromium.
      project("page"),
      project("integration", { testTimeout: 60_000, globalSetup: ["test/support/redis-setup.ts"] }),
    ],
  },
});
