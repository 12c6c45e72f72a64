import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface FreshRun {
  /** From the start of the process to its end. */
  readonly wallMs: number;
  readonly output: string;
}

const launcher = fileURLToPath(new URL("launch.ts", import.meta.url));

/** Runs a command to its end. @throws Error with what it wrote to standard error when it fails */
export async function freshProcess(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<FreshRun> {
  const child = spawn(process.execPath, [launcher, command, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  let report = "";
  let complaints = "";
  child.stdout.on("data", (chunk: Buffer) => (report += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} could not be started:\n${complaints}`);
  const { wallMs, status, output } = JSON.parse(report) as FreshRun & { readonly status: number | null };
  if (status === 0) return { wallMs, output };
  throw new Error(`${command} ${words.join(" ")} ended with code ${status}:\n${complaints}${output}`);
}
