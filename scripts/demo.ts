// From a fresh clone to a backtest: builds the package, scaffolds a project with sample data, installs and runs it, by
// the very commands that a user types. A project that is there already stays as it is: the demo then takes a new folder.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRepository, root } from "./build/repository.ts";

const command = inRepository("dist", "bin", "qmtl.mjs");
const project = freeFolder("my_qmtl_project");

node("building the package", root, ["scripts/build.ts"]);
node(`scaffolding ${project}`, root, [command, "project", "init", "--path", project, "--with-sample-data"]);
npm("installing it there", project, ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
npm("running it", project, ["start", "--silent"]);
console.log(`\nThe project is in ${project}: change strategy.ts there and run npm start again.`);

function freeFolder(name: string): string {
  const folder = inRepository(name);
  return existsSync(folder) ? join(mkdtempSync(join(tmpdir(), "qmtl-demo-")), name) : folder;
}

function node(what: string, folder: string, words: readonly string[]): void {
  run(what, folder, process.execPath, words);
}

/** The npm that started this script, where one did: it need not be on the path. */
function npm(what: string, folder: string, words: readonly string[]): void {
  const script = process.env["npm_execpath"];
  if (script !== undefined && /\.c?js$/.test(script)) run(what, folder, process.execPath, [script, ...words]);
  else run(what, folder, "npm", words);
}

function run(what: string, folder: string, program: string, words: readonly string[]): void {
  console.log(`\n${what} ...`);
  const shell = program === "npm" && process.platform === "win32"; // there npm is a batch file
  const { status, signal, error } = spawnSync(program, words, { cwd: folder, stdio: "inherit", shell });
  if (status === 0) return;
  if (error !== undefined) console.error(error.message);
  process.exit(signal === "SIGINT" ? 130 : (status ?? 1));
}
