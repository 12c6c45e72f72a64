import type { LogRecord } from "@qmtl/bus";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archiveName, FolderArchive } from "./index.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "qmtl-archive-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const record: LogRecord = {
  key: "k",
  bucketMs: 60_000,
  inputHash: "i",
  token: 1,
  payload: '{"close":1}',
  offset: 0,
  revision: 0,
  appendedMs: 1,
};

async function* records(count: number): AsyncIterable<LogRecord> {
  for (let offset = 0; offset < count; offset++) yield { ...record, offset };
}

describe("an archive in a folder", () => {
  it("keeps a queue's records, one per line, for this user alone", async () => {
    await new FolderArchive(join(folder, "deep")).store("w.live.t_v1-20260101T000000", records(3));
    const file = join(folder, "deep", "w.live.t_v1-20260101T000000.jsonl");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      [0, 1, 2].map((offset) => ({ ...record, offset })),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("leaves no file of that name behind when the records break off, and takes it up the next time", async () => {
    async function* broken(): AsyncIterable<LogRecord> {
      yield record;
      throw new Error("gone");
    }
    const archive = new FolderArchive(folder);
    await expect(archive.store("t", broken())).rejects.toThrow("gone");
    expect(readdirSync(folder).filter((name) => name.endsWith(".jsonl"))).toEqual([]);
    await archive.store("t", records(0));
    expect(readFileSync(join(folder, "t.jsonl"), "utf8")).toBe("");
  });

  it.each(["../t", "a/b", "", ".hidden", "a\u0000"])("takes no name like %j", async (name) => {
    await expect(new FolderArchive(folder).store(name, records(1))).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });
});

it("names an archive by its queue and the time, to the second, UTC", () => {
  expect(archiveName("w.live.t_v1", Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe("w.live.t_v1-20260102T030405");
});
