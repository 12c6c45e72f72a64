import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compileCache, type CliOutcome } from "./run-cli.ts";

/** A service that runs in a process of its own. */
export interface RunningCli {
  readonly processId: number;
  /** Milliseconds from the start of the process until it said that it is ready. */
  readonly readyMs: number;
  readonly addresses: Readonly<Record<string, string>>;
  /** What it has written to standard output so far. */
  output(): string;
  /** What it has written to standard error so far. */
  errors(): string;
  /** Sends the signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<CliOutcome>;
}

interface Call {
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A module loaded before the command line. */
  readonly preload?: string;
  /** The command line's file: that of the sources unless told otherwise. */
  readonly entry?: string;
}

/** Starts a service, and waits until it is ready. */
export async function startCli(
  words: readonly string[],
  { folder, environment, preload, entry = fileURLToPath(new URL("../main.ts", import.meta.url)) }: Call,
): Promise<RunningCli> {
  const startedMs = performance.now();
  const imports = preload === undefined ? [] : ["--import", preload];
  const child = spawn(process.execPath, [...imports, entry, ...words, "--json"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const ended = new Promise<CliOutcome>((resolve) =>
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  const readyLine = new Promise<string>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes("\n")) resolve(stdout);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  });
  const line = await Promise.race([readyLine, ended.then(() => "{}")]);
  const readyMs = performance.now() - startedMs;
  const { addresses } = JSON.parse(line) as { addresses?: Record<string, string> }; // an error is a line, too
  if (addresses === undefined) throw new Error(`the service ended before it was ready:\n${stdout}${stderr}`);
  return {
    processId: child.pid!,
    readyMs,
    addresses,
    output: () => stdout,
    errors: () => stderr,
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
