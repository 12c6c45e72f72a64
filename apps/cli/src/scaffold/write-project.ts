import { QmtlError } from "@qmtl/core";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Writes a project, whole or not at all: everything is written beside first and moved into place then; when something
 * fails on the way, what was moved is moved back.
 *
 * @param files - texts by path, `/` between folders
 * @param force - go into a folder that is not empty, and overwrite
 * @throws QmtlError `TARGET_NOT_EMPTY`, `FILE_UNWRITABLE`
 */
export async function writeProject(folder: string, files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  await checkTarget(folder, files, force);
  const made: string[] = [];
  try {
    const first = await mkdir(folder, { recursive: true });
    if (first !== undefined) made.push(first);
    await stageAndMove(folder, files);
  } catch (cause) {
    for (const each of made) await rm(each, { recursive: true, force: true });
    throw unwritable(folder, cause);
  }
}

async function stageAndMove(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const staged = join(folder, `.qmtl-init-${randomUUID().slice(0, 8)}`);
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const [path, text] of files) await writeInto(join(staged, "new", path), text);
    for (const path of files.keys()) {
      const [from, to, old] = [join(staged, "new", path), join(folder, path), join(staged, "old", path)];
      const firstMade = await mkdir(dirname(to), { recursive: true });
      if (firstMade !== undefined) undo.push(() => rm(firstMade, { recursive: true, force: true }));
      if (existsSync(to)) {
        await mkdir(dirname(old), { recursive: true });
        await rename(to, old);
        undo.push(() => rename(old, to));
      }
      await rename(from, to);
      undo.push(() => rm(to, { force: true }));
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function checkTarget(folder: string, files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  const target = await kindOf(folder);
  if (target === "nothing") return;
  if (target === "file") throw new QmtlError("TARGET_NOT_EMPTY", `expected a folder, found the file "${folder}"`);
  await refuseWrongKinds(folder, files);
  const entries = (await readdir(folder)).filter((name) => name !== ".git");
  if (entries.length === 0 || force) return;
  const overwritten = [...files.keys()].filter((path) => existsSync(join(folder, path)));
  throw new QmtlError(
    "TARGET_NOT_EMPTY",
    overwritten.length === 0
      ? `expected an empty folder, found ${listed(entries)} in "${folder}"`
      : `files in "${folder}" would be overwritten: ${overwritten.join(", ")}`,
    {
      details: { folder, entries, overwritten },
      hint:
        overwritten.length === 0
          ? "choose another folder, or add --force: nothing that is there will be touched"
          : "choose another folder, or add --force to overwrite them",
    },
  );
}

/** What stands in the way as another kind of thing is never replaced: a folder may hold much that is not ours. */
async function refuseWrongKinds(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const folders = new Set([...files.keys()].flatMap(foldersAbove));
  for (const path of [...folders, ...files.keys()]) {
    const [expected, found] = [folders.has(path) ? "folder" : "file", await kindOf(join(folder, path))];
    if (found === "nothing" || found === expected) continue;
    throw new QmtlError("TARGET_NOT_EMPTY", `expected "${join(folder, path)}" to be a ${expected}, found a ${found}`, {
      hint: "move it away, or choose another folder",
    });
  }
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

async function kindOf(path: string): Promise<"nothing" | "file" | "folder"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "nothing";
    throw unwritable(path, error);
  }
}

async function writeInto(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function unwritable(path: string, cause: unknown): QmtlError {
  const reason = (cause as Error).message.replace(/^[A-Z]+: /, "").split(",", 1)[0];
  return new QmtlError("FILE_UNWRITABLE", `the project cannot be written to "${path}": ${reason}`, {
    details: { path, systemCode: (cause as NodeJS.ErrnoException).code ?? null },
    hint: "choose a folder that can be written with --path; nothing was left behind",
    cause,
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
