import { spawn } from "node:child_process";

export interface FreshRun {
  /** From the start of the process to its end. */
  readonly wallMs: number;
  readonly output: string;
}

/** Runs a command to its end. @throws Error with what it wrote to standard error when it fails */
export async function freshProcess(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<FreshRun> {
  const startedMs = performance.now();
  const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaints = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const wallMs = performance.now() - startedMs;
      if (code === 0) resolve({ wallMs, output });
      else reject(new Error(`${command} ${words.join(" ")} ended with code ${code}:\n${complaints}${output}`));
    });
  });
}
