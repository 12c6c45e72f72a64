// Runs the tests (all of them, or what vitest's own words choose) and ends with one line that counts them.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRepository, root } from "./build/repository.ts";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), "qmtl-test-"));
const reportFile = join(folder, "report.json");
const vitest = inRepository("node_modules", "vitest", "vitest.mjs");
const words = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
const { status } = spawnSync(process.execPath, [...words, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });

const { passed, failed } = count();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function count(): { passed: number; failed: number } {
  const report = readReport();
  if (report === undefined) return { passed: 0, failed: 1 };
  // A file that cannot be loaded has no tests to fail: it counts as one that did.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failedTests = report.numFailedTests + unloaded;
  // Errors outside of any test show in the exit code alone.
  return { passed: report.numPassedTests, failed: failedTests === 0 && status !== 0 ? 1 : failedTests };
}

function readReport(): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, "utf8")) as VitestReport;
  } catch {
    return undefined; // vitest ended before it could write
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
