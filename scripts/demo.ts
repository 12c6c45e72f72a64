// From a fresh clone to a backtest: builds the package, scaffolds a project with sample data, and runs it.
// A project that is there already is run as it stands: whatever was tried out in it stays.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { inRepository, root } from "./build/repository.ts";

const project = inRepository("my_qmtl_project");

run("building", root, ["scripts/build.ts"]);
if (existsSync(project)) {
  console.log(`${relative(root, project)}/ is there already and runs as it stands`);
} else {
  const words = ["project", "init", "--path", project, "--strategy", "general", "--with-sample-data"];
  run(`scaffolding ${relative(root, project)}/`, root, [inRepository("dist", "bin", "qmtl.mjs"), ...words]);
}
linkPackage();
run("backtesting", project, ["strategy.ts"]);

/** Stands in for `npm install`: the package the project asks for is the one that was just built. */
function linkPackage(): void {
  const link = join(project, "node_modules", "qmtl");
  if (existsSync(link)) return;
  mkdirSync(join(project, "node_modules"), { recursive: true });
  symlinkSync(root, link, "junction");
}

function run(what: string, folder: string, words: readonly string[]): void {
  console.log(`${what} ...`);
  const { status, signal } = spawnSync(process.execPath, words, { cwd: folder, stdio: "inherit" });
  if (status !== 0) process.exit(signal === "SIGINT" ? 130 : (status ?? 1));
}
