import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The sources are compiled once for all processes that tests start, as the installed command does for itself. */
export const compileCache = join(tmpdir(), "qmtl-test-compile-cache");

export interface CliOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliCall {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Sent once the process has written this text on standard error. */
  readonly interruptAfter?: string;
  /** A module loaded before the command line, to stand in for a slow or broken command. */
  readonly preload?: string;
}

/** Runs the command line from its sources in a process of its own, with pipes instead of a terminal. */
export async function runCli(words: readonly string[], call: CliCall = {}): Promise<CliOutcome> {
  const entry = fileURLToPath(new URL("../main.ts", import.meta.url));
  const preload = call.preload === undefined ? [] : ["--import", call.preload];
  const child = spawn(process.execPath, [...preload, entry, ...words], {
    cwd: call.folder,
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache, ...call.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let interrupted = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (call.interruptAfter === undefined || interrupted || !stderr.includes(call.interruptAfter)) return;
    interrupted = true;
    child.kill("SIGINT");
  });
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  return { exitCode, stdout, stderr };
}
