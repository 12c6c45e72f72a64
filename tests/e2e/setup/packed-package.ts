import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { root } from "../../../scripts/build/repository.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly packed: PackedPackage;
  }
}

export type PackedPackage = { readonly tarball: string } | { readonly failure: string };

/** Builds and packs the package once, for all tests that install it. */
export default async function packPackage(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "qmtl-pack-"));
  // A package that cannot be built fails the tests that need it, not the run of all others.
  project.provide("packed", await pack(folder).catch((error: unknown) => ({ failure: outputOf(error) })));
  return () => rm(folder, { recursive: true, force: true });
}

async function pack(folder: string): Promise<PackedPackage> {
  await promisify(execFile)("npm", ["pack", "--pack-destination", folder], { cwd: root });
  const [file] = await readdir(folder);
  return file === undefined ? { failure: "npm pack wrote no file" } : { tarball: join(folder, file) };
}

function outputOf(error: unknown): string {
  const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
  return `npm pack failed\n${stdout}${stderr || String(error)}`;
}
