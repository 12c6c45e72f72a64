// Everything a machine can say about the sources without running them: format, lint, types, structure.
// Each check runs even when an earlier one failed, so that one round shows all there is to mend.

import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { root } from "./build/repository.ts";

interface Check {
  readonly name: string;
  /** What Node is given. */
  readonly words: readonly string[];
}

const checks: readonly Check[] = [
  { name: "format", words: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."] },
  { name: "lint", words: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", words: ["node_modules/ts7/bin/tsc", "-b"] },
  { name: "imports", words: ["scripts/check/imports.ts"] },
  { name: "unused code", words: ["node_modules/knip/bin/knip.js", "--no-progress"] },
];

const failed = checks.filter((check) => !passes(check));
console.log(failed.length === 0 ? "all checks passed" : `failed: ${failed.map(({ name }) => name).join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes({ name, words }: Check): boolean {
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (status !== 0) {
    const output = `${stdout}${stderr}`.trimEnd();
    console.log(process.stdout.isTTY ? output : stripVTControlCharacters(output));
  }
  return status === 0;
}
