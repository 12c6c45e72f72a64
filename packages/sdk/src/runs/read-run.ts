import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { nearestWord, QmtlError } from "@qmtl/core";
import type { RunManifest } from "./manifest.ts";

export interface StoredRun {
  readonly folder: string;
  /** Folder that paths in the manifest are relative to. */
  readonly base: string;
  readonly manifest: RunManifest;
}

/**
 * Finds a run by its folder, by its id below `.qmtl/runs`, or the one written last there as `latest`.
 *
 * @throws QmtlError `RUN_NOT_FOUND`, `CATALOG_CORRUPT` when the manifest is no manifest
 */
export async function readRun(run: string, base: string = process.cwd()): Promise<StoredRun> {
  const runs = join(base, ".qmtl", "runs");
  const places = [resolve(base, run), join(runs, run)];
  const folder = places.find((each) => existsSync(join(each, "manifest.json"))) ?? (await latestOf(run, runs));
  if (folder === undefined) throw await notFound(run, runs);
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  let manifest: RunManifest;
  try {
    manifest = JSON.parse(text) as RunManifest;
    if (manifest.schema !== "qmtl.run/1") throw new Error(`its schema is ${String(manifest.schema)}`);
  } catch (cause) {
    throw new QmtlError(
      "CATALOG_CORRUPT",
      `${join(folder, "manifest.json")} is no run manifest: ${(cause as Error).message}`,
      { cause },
    );
  }
  // Runs under .qmtl/runs of a project are relative to the project; elsewhere to where the command runs.
  const inProject = /^(.*)[\\/]\.qmtl[\\/]runs[\\/][^\\/]+$/.exec(folder);
  return { folder, base: inProject?.[1] ?? base, manifest };
}

async function latestOf(run: string, runs: string): Promise<string | undefined> {
  if (run !== "latest") return undefined;
  const names = await runsIn(runs);
  const written = await Promise.all(names.map(async (name) => (await stat(join(runs, name, "manifest.json"))).mtimeMs));
  const last = names[written.indexOf(Math.max(...written))];
  return last === undefined ? undefined : join(runs, last);
}

async function runsIn(runs: string): Promise<readonly string[]> {
  if (!existsSync(runs)) return [];
  return (await readdir(runs)).filter(
    (name) => !name.endsWith(".part") && existsSync(join(runs, name, "manifest.json")),
  );
}

async function notFound(run: string, runs: string): Promise<QmtlError> {
  const known = await runsIn(runs);
  const guess = nearestWord(run, known);
  return new QmtlError("RUN_NOT_FOUND", `there is no run "${run}"`, {
    details: { run, known },
    hint:
      guess !== undefined
        ? `did you mean ${guess}?`
        : known.length > 0
          ? `runs here: ${known.slice(0, 8).join(", ")}`
          : "make one: qmtl tools sdk offline FILE",
  });
}
