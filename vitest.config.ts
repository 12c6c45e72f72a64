import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // Templates and examples import the published name; in the repository that is the SDK's source.
    alias: [{ find: /^qmtl$/, replacement: fileURLToPath(new URL("packages/sdk/src/index.ts", import.meta.url)) }],
  },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
