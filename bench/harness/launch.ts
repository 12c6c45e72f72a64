// Runs one command to its end, from a process that is small: to start another, the system copies what it has noted of the
// memory of the one that starts it, and counts that as memory of the new one. Words: the command and its words.

import { spawnSync } from "node:child_process";

const [command = "", ...words] = process.argv.slice(2);
const startedMs = performance.now();
const { status, error, stdout, stderr } = spawnSync(command, words, {
  stdio: ["ignore", "pipe", "pipe"],
  maxBuffer: Number.POSITIVE_INFINITY,
});
const wallMs = performance.now() - startedMs;
if (error) throw error;
process.stderr.write(stderr);
process.stdout.write(JSON.stringify({ wallMs, status, output: String(stdout) }));
