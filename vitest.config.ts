import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { entryPoints, specifierOf } from "./scripts/build/entry-points.ts";

export default defineConfig({
  resolve: {
    // Templates and examples import the published names; in the repository those are the sources.
    alias: Object.entries(entryPoints).map(([name, file]) => ({
      find: new RegExp(`^${specifierOf(name)}$`),
      replacement: fileURLToPath(new URL(file, import.meta.url)),
    })),
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "sources",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: [...configDefaults.exclude, "tests/{e2e,simulation,chaos}/**"],
          sequence: { groupOrder: 1 }, // 0 comes last where there is one worker
        },
      },
      {
        // The package as users get it: built, packed, installed. Slow, so it comes when the rest has passed by.
        extends: true,
        test: {
          name: "package",
          include: ["tests/e2e/**/*.test.ts"],
          globalSetup: "tests/e2e/setup/packed-package.ts",
          sequence: { groupOrder: 2 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Thousands of seeds, on all cores.
        extends: true,
        test: { name: "simulation", include: ["tests/simulation/**/*.test.ts"], sequence: { groupOrder: 3 } },
      },
      {
        // Real processes, killed and stopped: they get the machine to themselves.
        extends: true,
        test: { name: "chaos", include: ["tests/chaos/**/*.test.ts"], sequence: { groupOrder: 4 }, maxWorkers: 2 },
      },
    ],
  },
});
