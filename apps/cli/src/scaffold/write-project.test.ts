import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeProject } from "./write-project.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "qmtl-write-"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const files = new Map([
  ["a.ts", "new a"],
  ["folder/b.ts", "new b"],
]);

/** Everything below the parent: file → text. */
async function everything(): Promise<Record<string, string>> {
  const entries = await readdir(parent, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    paths.map(async (path) => [path.slice(parent.length + 1), await readFile(path, "utf8")] as const),
  );
  return Object.fromEntries(texts);
}

const target = (): string => join(parent, "deep", "project");

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(target(), path, ".."), { recursive: true });
  await writeFile(join(target(), path), text);
}

it("makes the folders it needs", async () => {
  await writeProject(target(), files, false);
  expect(await everything()).toEqual({ "deep/project/a.ts": "new a", "deep/project/folder/b.ts": "new b" });
});

it("takes an empty folder, and one that only has a repository", async () => {
  await put(".git/HEAD", "ref");
  await writeProject(target(), files, false);
  expect(Object.keys(await everything())).toHaveLength(3);
});

it("names every file that it would overwrite, and touches none", async () => {
  await put("folder/b.ts", "old b");
  await put("a.ts", "old a");
  const before = await everything();
  await expect(writeProject(target(), files, false)).rejects.toMatchObject({
    code: "TARGET_NOT_EMPTY",
    message: expect.stringContaining("would be overwritten: a.ts, folder/b.ts"),
  });
  expect(await everything()).toEqual(before);
});

it("keeps out of a folder with other things in it", async () => {
  await put("thesis.docx", "years of work");
  await expect(writeProject(target(), files, false)).rejects.toMatchObject({
    code: "TARGET_NOT_EMPTY",
    message: expect.stringContaining("expected an empty folder, found thesis.docx"),
  });
});

it("overwrites its own files with force, and leaves the others", async () => {
  await put("a.ts", "old a");
  await put("thesis.docx", "years of work");
  await writeProject(target(), files, true);
  expect(await everything()).toEqual({
    "deep/project/a.ts": "new a",
    "deep/project/folder/b.ts": "new b",
    "deep/project/thesis.docx": "years of work",
  });
});

it("never replaces a folder by a file, nor a file by a folder, force or not", async () => {
  await put("a.ts/inside.txt", "kept");
  await expect(writeProject(target(), files, true)).rejects.toMatchObject({
    message: `expected "${join(target(), "a.ts")}" to be a file, found a folder`,
  });
  await rm(join(target(), "a.ts"), { recursive: true });
  await put("folder", "a file");
  await expect(writeProject(target(), files, true)).rejects.toMatchObject({
    message: `expected "${join(target(), "folder")}" to be a folder, found a file`,
  });
  expect(await everything()).toEqual({ "deep/project/folder": "a file" });
});

it("leaves nothing behind when it cannot write", async () => {
  const tooLong = new Map([...files, ["x".repeat(300), "no file system takes this name"]]);
  await expect(writeProject(target(), tooLong, false)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  expect(await readdir(parent)).toEqual([]);
});

it("overwrites nothing when it cannot write everything", async () => {
  await put("a.ts", "old a");
  const tooLong = new Map([...files, ["x".repeat(300), "no file system takes this name"]]);
  await expect(writeProject(target(), tooLong, true)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  expect(await everything()).toEqual({ "deep/project/a.ts": "old a" });
});

it("goes through a link to a folder", async () => {
  await mkdir(target(), { recursive: true });
  await mkdir(join(parent, "elsewhere"));
  await symlink(join(parent, "elsewhere"), join(target(), "folder"));
  await writeProject(target(), files, true);
  expect((await everything())["elsewhere/b.ts"]).toBe("new b");
});

it("says that a place cannot be written", async () => {
  await put("file", "");
  await expect(writeProject(join(target(), "file", "project"), files, false)).rejects.toMatchObject({
    code: "FILE_UNWRITABLE",
    message: expect.stringContaining("not a directory"),
  });
});
