import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Absolute path of the packed package, as `npm pack` writes it. */
    readonly tarball: string;
  }
}

/** Builds and packs the package once, for all tests that install it. */
export default async function packPackage(project: TestProject): Promise<() => Promise<void>> {
  const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const folder = await mkdtemp(join(tmpdir(), "qmtl-pack-"));
  await promisify(execFile)("npm", ["pack", "--pack-destination", folder], { cwd: root });
  const [file] = await readdir(folder);
  if (file === undefined) throw new Error("npm pack wrote no file");
  project.provide("tarball", join(folder, file));
  return () => rm(folder, { recursive: true, force: true });
}
