import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inRepository } from "../scripts/build/repository.ts";

// The rules are run on a small workspace that breaks each of them: a rule that cannot fire protects nothing.

const files: Readonly<Record<string, string>> = {
  "packages/core/src/pure.ts": `import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n`,
  "packages/core/src/up.ts": `import { b } from "../../engine/src/b.ts";\nexport const up = b;\n`,
  "packages/engine/src/b.ts": `import type { T } from "../../sdk/src/t.ts";\nexport const b: T = 1;\n`,
  "packages/engine/src/b.test.ts": `import { kit } from "../../testkit/src/kit.ts";\nexport default kit;\n`,
  "packages/sdk/src/t.ts": `export type T = number;\n`,
  "packages/sdk/src/kit.ts": `import { kit } from "../../testkit/src/kit.ts";\nexport default kit;\n`,
  "packages/sdk/src/lost.ts": `import { x } from "./nowhere.ts";\nexport default x;\n`,
  "packages/sdk/src/test.ts": `import t from "../../engine/src/b.test.ts";\nexport default t;\n`,
  "packages/sdk/src/ring-a.ts": `import { ringB } from "./ring-b.ts";\nexport const ringA = () => ringB;\n`,
  "packages/sdk/src/ring-b.ts": `import { ringA } from "./ring-a.ts";\nexport const ringB = () => ringA;\n`,
  "packages/testkit/src/kit.ts": `export const kit = 1;\n`,
  "apps/gateway/src/a.ts": `import { w } from "../../world/src/w.ts";\nexport default w;\n`,
  "apps/world/src/w.ts": `export const w = 1;\n`,
  "package.json": `{ "name": "fixture", "private": true }\n`,
};

let folder: string;
let broken: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-imports-"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  for (const file of [".dependency-cruiser.cjs", "tsconfig.base.json"]) cpSync(inRepository(file), join(folder, file));
  symlinkSync(inRepository("node_modules"), join(folder, "node_modules"), "junction");
  const cruiser = inRepository("node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const words = [cruiser, "packages", "apps", "--output-type", "json"];
  const { stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  broken = summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  "pure-packages-do-no-io: packages/core/src/pure.ts",
  "arrows-packages-core: packages/core/src/up.ts",
  "arrows-packages-engine: packages/engine/src/b.ts",
  "testkit-in-tests-only: packages/sdk/src/kit.ts",
  "arrows-packages-sdk: packages/sdk/src/kit.ts",
  "everything-resolves: packages/sdk/src/lost.ts",
  "tests-are-not-imported: packages/sdk/src/test.ts",
  "no-cycles: packages/sdk/src/ring-a.ts",
  "apps-meet-on-the-wire: apps/gateway/src/a.ts",
])("breaks %s", (rule) => {
  expect(broken).toContain(rule);
});

it("lets a test use the testkit", () => {
  expect(broken.filter((entry) => entry.endsWith("b.test.ts"))).toEqual([]);
});
