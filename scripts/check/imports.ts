// Runs dependency-cruiser and makes sure that it has seen something: with a compiler it does not know it
// reads no TypeScript at all and reports that all is well.

import { spawnSync } from "node:child_process";
import { inRepository, root } from "../build/repository.ts";

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly totalDependenciesCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
      readonly comment?: string;
    }[];
  };
}

const modulesMin = 50;
const dependenciesMin = 100;

const cruiser = inRepository("node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
const words = [cruiser, "packages", "apps", "--output-type", "json"];
const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });
if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser gave no report: ${stderr}`);

const { totalCruised, totalDependenciesCruised, violations } = (JSON.parse(stdout) as Report).summary;
if (totalCruised < modulesMin || totalDependenciesCruised < dependenciesMin) {
  console.error(
    `expected at least ${modulesMin} modules and ${dependenciesMin} imports, found ${totalCruised} and ${totalDependenciesCruised}`,
  );
  process.exitCode = 1;
}
for (const { from, to, rule, comment } of violations) {
  console.error(`${from} → ${to}: ${rule.name}${comment === undefined ? "" : ` (${comment})`}`);
  process.exitCode = 1;
}
console.log(`${totalCruised} modules, ${totalDependenciesCruised} imports`);
