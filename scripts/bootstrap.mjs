// Runs one of the repository's tasks from whatever state a checkout is in: installs what the lock file asks
// for, then starts the task on a Node that is new enough. `npm test`, `npm run demo` and the rest come through
// here, so this file itself has no dependency and keeps to what a Node of years ago can parse.

import { spawn, spawnSync } from "child_process";
import { existsSync, readFileSync } from "fs";
import { dirname, join } from "path";
import { fileURLToPath } from "url";

/** Task name → what Node is given. Extra words on the command line are appended. */
const tasks = {
  bench: ["bench/main.ts"],
  "bench:peers": ["bench/peers.ts"],
  build: ["scripts/build.ts"],
  check: ["scripts/check.ts"],
  demo: ["scripts/demo.ts"],
  test: ["scripts/test.ts"],
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, "node_modules", ".bin");
const minimum = { major: 24, minor: 6 }; // "engines" of package.json

main(process.argv.slice(2));

function main(words) {
  const name = words[0];
  const task = Object.keys(tasks).includes(name) ? tasks[name] : undefined;
  if (task === undefined) {
    const found = name === undefined ? "none was given" : 'found "' + name + '"';
    stop("expected a task (" + Object.keys(tasks).join(", ") + "), " + found, 2);
  }
  const current = isNewEnough(process.versions.node);
  // Only Linux on x64 can be helped: the newer Node comes as an npm package for that platform.
  if (!current && !(process.platform === "linux" && process.arch === "x64")) stop(oldNodeSentence(), 1);
  if (!isInstalled()) install();
  run(current ? process.execPath : newerNode(), task.concat(words.slice(1)));
}

function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > minimum.major || (parts[0] === minimum.major && parts[1] >= minimum.minor);
}

function oldNodeSentence() {
  return (
    "QMTL needs Node.js " +
    minimum.major +
    "." +
    minimum.minor +
    " or newer and this is " +
    process.versions.node +
    ": install a newer one from https://nodejs.org and run the command again."
  );
}

/**
 * Compares the lock file with the record npm leaves of what it installed. npm removes that record before it
 * starts and writes it when it is done, so an interrupted installation counts as none.
 */
function isInstalled() {
  const installed = lockedPackages("node_modules/.package-lock.json");
  if (installed === undefined) return false;
  const wanted = lockedPackages("package-lock.json");
  return Object.keys(wanted).every((path) => {
    if (!path.includes("node_modules/")) return true; // the workspaces themselves
    if (wanted[path].link) return existsSync(join(root, path));
    const found = installed[path];
    if (found === undefined) return wanted[path].optional === true; // made for another platform
    return found.version === wanted[path].version && found.integrity === wanted[path].integrity;
  });
}

function lockedPackages(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : undefined;
}

/** `npm ci` without install scripts: nothing that is downloaded gets to run until it is called by name. */
function install() {
  console.error("Installing dependencies (package-lock.json is newer than node_modules) ...");
  const words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath; // set when npm started this script; saves looking for it
  const viaScript = npm !== undefined && /\.c?js$/.test(npm);
  const result = viaScript
    ? spawnSync(process.execPath, [npm].concat(words), { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", words, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (result.status === 0) return;
  const cause = result.error ? result.error.message : "exit code " + result.status;
  stop("the dependencies could not be installed (npm ci: " + cause + "): the lines above say why.", 1);
}

function newerNode() {
  const node = join(binaries, "node");
  // The package is optional, and its binary needs glibc: try it before promising anything.
  const answer = existsSync(node) ? spawnSync(node, ["--version"], { encoding: "utf8" }).stdout : undefined;
  if (!answer || !isNewEnough(answer.trim().slice(1))) stop(oldNodeSentence(), 1);
  return node;
}

function run(node, words) {
  const separator = process.platform === "win32" ? ";" : ":";
  const env = Object.assign({}, process.env, { PATH: binaries + separator + (process.env.PATH || "") });
  const child = spawn(node, words, { cwd: root, env, stdio: "inherit" });
  // Ctrl-C reaches the child by itself: it shares our terminal. Stay to pass on how it ended.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => stop("the task could not be started: " + error.message, 1));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : signal === "SIGINT" ? 130 : 143));
}

function stop(sentence, exitCode) {
  console.error(sentence);
  process.exit(exitCode);
}
