import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packedTarball } from "./packed-tarball.ts";

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InstalledPackage {
  /** A folder of its own, far from any checkout, with nothing in it but the installed package. */
  readonly folder: string;
  /** The file of the installed `qmtl`. */
  readonly command: string;
  /** Runs the installed `qmtl`, in that folder unless told otherwise. */
  qmtl(words: readonly string[], folder?: string): Promise<Outcome>;
  remove(): Promise<void>;
}

/** Installs the packed package without a network, as a user who has only the tarball does. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "qmtl-installed-")));
  await writeFile(join(folder, "package.json"), `{ "name": "fixture", "private": true, "type": "module" }\n`);
  await expectDone(await runNpm(["install", "--omit=optional", packedTarball()], folder));
  const command = join(folder, "node_modules", "qmtl", "dist", "bin", "qmtl.mjs");
  return {
    folder,
    command,
    qmtl: (words, place = folder) => run(process.execPath, [command, ...words], place),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** npm with no network to reach for. */
export function runNpm(words: readonly string[], folder: string): Promise<Outcome> {
  const quiet = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  return run("npm", [...words, ...quiet], folder);
}

/** Fails with what the program wrote when it did not end with 0. */
export async function expectDone({ exitCode, stdout, stderr }: Outcome): Promise<string> {
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stdout}${stderr}`);
  return stdout;
}

export function run(program: string, words: readonly string[], folder: string): Promise<Outcome> {
  return new Promise((resolve) =>
    execFile(program, words, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ exitCode, stdout, stderr });
    }),
  );
}
