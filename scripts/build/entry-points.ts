/** What users import, and the source behind it. `exports` of package.json names the same subpaths. */
export const entryPoints: Readonly<Record<string, string>> = {
  index: "packages/sdk/src/index.ts",
  indicators: "packages/sdk/src/indicators/index.ts",
  transforms: "packages/sdk/src/transforms/index.ts",
  generators: "packages/sdk/src/generators/index.ts",
  history: "packages/sdk/src/history/index.ts",
  engine: "packages/engine/src/index.ts",
  core: "packages/core/src/index.ts",
  testing: "packages/sdk/src/testing/index.ts",
};

/** What the `qmtl` command loads, once it knows that Node is new enough. No types: nobody imports it. */
export const commandEntry = { cli: "apps/cli/src/index.ts" } as const;

/** `qmtl` → `index`, `qmtl/history` → `history`. */
export function specifierOf(name: string): string {
  return name === "index" ? "qmtl" : `qmtl/${name}`;
}
