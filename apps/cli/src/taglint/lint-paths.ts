import { QmtlError } from "@qmtl/core/errors";
import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fixSource, lintSource, type Language, type Problem } from "./lint-source.ts";

export interface FileReport {
  readonly file: string;
  /** What was changed, in words. */
  readonly fixes: readonly string[];
  /** What is wrong; after fixing, what is left for a person. */
  readonly problems: readonly Problem[];
}

/**
 * Lints files and the modules below folders, in the order of their names.
 *
 * @throws QmtlError `FILE_NOT_FOUND` for a path that is not there, `FILE_UNREADABLE` for one that is no module
 */
export async function lintPaths(
  paths: readonly string[],
  { fix, signal }: { readonly fix: boolean; readonly signal: AbortSignal },
): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  for (const file of new Set((await Promise.all(paths.map(modulesAt))).flat())) {
    signal.throwIfAborted();
    reports.push(await lintFile(file, fix));
  }
  return reports;
}

async function lintFile(file: string, fix: boolean): Promise<FileReport> {
  const language: Language = /\.[cm]?ts$/.test(file) ? "typescript" : "javascript";
  const source = await readFile(file, "utf8");
  if (!fix) return { file, fixes: [], problems: lintSource(source, language) };
  const fixed = fixSource(source, language);
  if (fixed.source !== source) await replaceFile(file, fixed.source);
  return { file, fixes: fixed.fixes, problems: lintSource(fixed.source, language) };
}

async function modulesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new QmtlError("FILE_NOT_FOUND", `there is no "${path}"`, {
      details: { path },
      hint: "give a file or a folder that exists",
      cause,
    });
  });
  if (found.isDirectory()) return modulesBelow(path);
  if (isModule(path)) return [path];
  throw new QmtlError("FILE_UNREADABLE", `expected a .ts or .js file, found "${path}"`, { details: { path } });
}

async function modulesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return isSearched(entry.name) ? await modulesBelow(path) : [];
      return entry.isFile() && isModule(entry.name) && carriesTags(entry.name) ? [path] : [];
    });
  return (await Promise.all(nested)).flat();
}

function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/\.d\.[cm]?ts$/.test(name);
}

/** An index only lists names, and a test is no node module. */
function carriesTags(name: string): boolean {
  return !name.startsWith("index.") && !/\.(test|spec)\./.test(name);
}

function isSearched(name: string): boolean {
  return name !== "node_modules" && name !== "dist" && !name.startsWith(".");
}

/** A crash half-way leaves the old file, never half of the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const { mode } = await stat(file);
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode, flag: "wx" });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
