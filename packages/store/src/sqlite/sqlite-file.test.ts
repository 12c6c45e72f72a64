import { systemClock } from "@qmtl/service/edge";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteFile } from "./index.ts";

let folder: string;
let path: string;
const open: SqliteFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-sqlite-"));
  path = join(folder, "below", "a.db");
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((file) => file.close()));
  rmSync(folder, { recursive: true });
});

function opened(busyTimeoutMs = 5_000): SqliteFile {
  const file = new SqliteFile({ path, clock: systemClock, busyTimeoutMs });
  open.push(file);
  return file;
}

async function closed(file: SqliteFile): Promise<void> {
  open.splice(open.indexOf(file), 1);
  await file.close();
}

const insert = (file: SqliteFile, id: number, body = "x"): Promise<unknown> =>
  file.write((run) => run("insert into t values (?, ?)", [id, body]));
const ids = async (file: SqliteFile): Promise<number[]> =>
  (await file.read("select id from t order by id")).map((row) => Number(row["id"]));
const schema = [["create table t (id bigint primary key, body text not null)"]];

it("makes its file for this user alone", async () => {
  const file = opened();
  await file.upgrade(schema);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "below")).mode & 0o777).toBe(0o700);
});

it("writes ahead, and leaves the wait for the disk to the group", async () => {
  const settings = await opened().write((run) =>
    ["journal_mode", "synchronous", "foreign_keys"].map((name) => run(`pragma ${name}`)[0]![name]),
  );
  expect(settings).toEqual(["wal", 1, 1]);
});

it("keeps writes that do not wait for the disk with those that do", async () => {
  const file = opened();
  await file.upgrade(schema);
  await file.write((run) => run("insert into t values (1, 'x')"), { durable: false });
  await insert(file, 2);
  expect(await ids(file)).toEqual([1, 2]);
});

it("keeps what it acknowledged when the power goes, and with it all that was not brought to the disk (S-1)", async () => {
  let onDisk = 0; // bytes of the log
  const syncFile = async (descriptor: number): Promise<void> => {
    const { size } = fstatSync(descriptor);
    await new Promise((resolve) => setTimeout(resolve, 1));
    onDisk = size;
  };
  const file = new SqliteFile({ path, clock: systemClock, syncFile });
  open.push(file);
  await file.upgrade(schema);
  const acknowledged: number[] = [];
  let cuts = 0;
  const cutPower = async (): Promise<void> => {
    const left = join(folder, `left-${++cuts}.db`);
    const expected = [...acknowledged];
    copyFileSync(path, left);
    writeFileSync(`${left}-wal`, readFileSync(`${path}-wal`).subarray(0, onDisk));
    const after = new SqliteFile({ path: left, clock: systemClock });
    expect(await ids(after)).toEqual(expect.arrayContaining(expected));
    await after.close();
  };
  const writing = Array.from({ length: 40 }, async (_, id) => {
    await new Promise((resolve) => setTimeout(resolve, id % 8));
    await insert(file, id);
    acknowledged.push(id);
    await cutPower();
  });
  await Promise.all(writing);
  expect([acknowledged.length, cuts]).toEqual([40, 40]);
});

describe("the write-ahead log", () => {
  const body = "x".repeat(3_000);
  const logPages = (): number => statSync(`${path}-wal`).size / 4_096;

  it("is copied into the file while that is open", async () => {
    const file = new SqliteFile({
      path,
      clock: systemClock,
      logLimits: { openMin: 50, openMax: 50, pagesMax: 1_000_000 },
    });
    open.push(file);
    await file.upgrade(schema);
    for (let id = 0; id < 100; id++) await insert(file, id, body); // a page and more for each
    await expect.poll(() => statSync(path).size / 4_096, { timeout: 30_000 }).toBeGreaterThan(50);
    await closed(file);
    expect(await ids(opened())).toHaveLength(100);
  });

  it("is emptied when it is too long, whatever goes on", async () => {
    const file = new SqliteFile({ path, clock: systemClock, logLimits: { openMin: 20, openMax: 20, pagesMax: 100 } });
    open.push(file);
    await file.upgrade(schema);
    const writing = Array.from({ length: 10 }, async (_, writer) => {
      for (let id = 0; id < 100; id++) await insert(file, writer * 100 + id, body);
    });
    await Promise.all(writing);
    expect(logPages()).toBeLessThan(500);
    expect(await ids(file)).toHaveLength(1_000);
  });

  it("is copied by SQLite, with a warning, when the thread that copies it has ended", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): number => warnings.push(warning.message);
    process.on("warning", hear);
    const checkpoint = (): Promise<void> => Promise.reject(new Error("no thread"));
    const logLimits = { openMin: 20, openMax: 20, pagesMax: 1_000_000 };
    const file = new SqliteFile({ path, clock: systemClock, checkpoint, logLimits });
    open.push(file);
    await file.upgrade(schema);
    for (let id = 0; id < 1_500; id++) await insert(file, id, body);
    process.off("warning", hear);
    expect(warnings).toEqual([expect.stringMatching(/is copied by those who write .* no thread; restart the process/)]);
    expect(statSync(path).size / 4_096).toBeGreaterThan(500);
    expect(logPages()).toBeLessThan(2_000);
  });

  it("lets those who write wait while it is emptied, and the file close after that", async () => {
    const asked: string[] = [];
    const answer = Promise.withResolvers<void>();
    const checkpoint = (_path: string, mode: string): Promise<void> => {
      asked.push(mode);
      return answer.promise;
    };
    const logLimits = { openMin: 1_000_000, openMax: 1_000_000, pagesMax: 30 };
    const file = new SqliteFile({ path, clock: systemClock, checkpoint, logLimits });
    await file.upgrade(schema);
    await insert(file, 1, "x".repeat(200_000));
    expect(asked).toEqual(["truncate"]);
    const second = insert(file, 2);
    const ending = second.then(() => file.close());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ids(file)).toEqual([1]);
    answer.resolve();
    await ending;
    expect(await ids(opened())).toEqual([1, 2]);
    expect(asked).toEqual(["truncate"]); // it was of no use: the log has to grow before the next
  });
});

it("answers nothing more once a write did not reach the disk", async () => {
  const file = opened();
  await file.upgrade(schema);
  await closed(file);
  const deaf = opened();
  // The log that is not there any more cannot be brought to the disk.
  await deaf.read("select 1");
  renameSync(`${path}-wal`, `${path}-gone`);
  const failed = { code: "STORE_FAILED", message: expect.stringContaining("did not reach the disk") };
  await expect(insert(deaf, 1)).rejects.toMatchObject(failed);
  await expect(ids(deaf)).rejects.toMatchObject(failed);
  await expect(insert(deaf, 2)).rejects.toMatchObject(failed);
});

it("refuses a file of a newer version", async () => {
  const file = opened();
  await file.upgrade([...schema, ["create table u (id bigint)"]]);
  await expect(file.upgrade(schema)).rejects.toMatchObject({ code: "STORE_FAILED", details: { found: 2, known: 1 } });
});

it("commits those that wait together, and fails them together", async () => {
  const file = opened();
  await file.upgrade(schema);
  let commits = 0;
  file.watch(() => void commits++);
  await Promise.all(Array.from({ length: 50 }, (_, id) => insert(file, id)));
  expect(commits).toBeLessThan(10);
  expect(await ids(file)).toHaveLength(50);
});

it("tells of commits, those of other connections too", async () => {
  const file = opened();
  await file.upgrade(schema);
  const other = opened();
  let news = 0;
  const unwatch = file.watch(() => void news++);
  await insert(file, 1);
  expect(news).toBe(1);
  await insert(other, 2);
  await expect.poll(() => news).toBe(2);
  unwatch();
  await insert(file, 3);
  expect(news).toBe(2);
});

it("is made once when several processes make it at the same moment", async () => {
  const program = fileURLToPath(new URL("fixtures/opener.ts", import.meta.url));
  const atMs = String(Date.now() + 1_500);
  const codes = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const child = spawn(process.execPath, [program, path, atMs], { stdio: "inherit" });
      const [code] = (await once(child, "close")) as [number];
      return code;
    }),
  );
  expect(codes).toEqual([0, 0, 0, 0, 0]);
  expect(await ids(opened())).toHaveLength(5);
});

it("gives up when another process keeps the lock, and has not stored anything", async () => {
  const file = opened(60);
  await file.upgrade(schema);
  const other = opened();
  await other.begin();
  await expect(insert(file, 1)).rejects.toMatchObject({
    code: "STORE_FAILED",
    message: expect.stringContaining("locked"),
  });
  await other.rollback();
  await insert(file, 2);
  expect(await ids(file)).toEqual([2]);
});

describe("a full disk", () => {
  it("fails what does not fit before it is acknowledged, keeps what was, and goes on when there is room", async () => {
    const file = opened();
    await file.upgrade(schema);
    const [page] = await file.read("pragma page_count");
    await file.write((run) => run(`pragma max_page_count = ${Number(page!["page_count"]) + 10}`));
    const body = "x".repeat(3_000);
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, id) => insert(file, id, body)));
    const stored = outcomes.flatMap(({ status }, id) => (status === "fulfilled" ? [id] : []));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: "STORE_FAILED", message: expect.stringContaining("full") });
    }
    expect(await ids(file)).toEqual(stored);
    await file.write((run) => run("pragma max_page_count = 100000"));
    await insert(file, 1_000, body);
    await closed(file);
    expect(await ids(opened())).toEqual([...stored, 1_000]);
  });
});

describe("a read-only file", () => {
  // File modes do not stop every user, so the connection itself is told.
  it("refuses writes and still answers reads", async () => {
    const file = opened();
    await file.upgrade(schema);
    await insert(file, 1);
    await file.write((run) => run("pragma query_only = on"));
    await expect(insert(file, 2)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("read-only"),
    });
    expect(await ids(file)).toEqual([1]);
  });

  it("cannot be opened below a file", () => {
    writeFileSync(join(folder, "below"), "");
    expect(() => opened()).toThrow(expect.objectContaining({ code: "STORE_FAILED", details: { path } }));
  });
});

describe("a damaged file", () => {
  it("is refused when it is no database", () => {
    path = join(folder, "a.db");
    writeFileSync(path, "this is not a database, and never was one".repeat(100));
    expect(() => opened()).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  });

  it("is refused when its pages do not hold together", async () => {
    const file = opened();
    await file.upgrade(schema);
    await Promise.all(Array.from({ length: 200 }, (_, id) => insert(file, id, "x".repeat(200))));
    await closed(file);
    const bytes = readFileSync(path);
    const handle = openSync(path, "r+");
    // The header of a page in the middle: its type byte and cell count.
    writeSync(
      handle,
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      0,
      6,
      4_096 * (Math.floor(bytes.length / 8_192) + 1),
    );
    expect(() => opened()).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  });

  it("fails reads and writes with the damage once it is met, not with a wrong answer", async () => {
    const file = opened();
    await file.upgrade(schema);
    await Promise.all(Array.from({ length: 2_000 }, (_, id) => insert(file, id, "x".repeat(200))));
    await closed(file);
    const whole = join(folder, "whole.db");
    copyFileSync(path, whole);
    const again = opened();
    const handle = openSync(path, "r+");
    const size = statSync(path).size;
    for (let at = 4_096 * 2; at < size; at += 4_096) writeSync(handle, Buffer.alloc(8, 0xff), 0, 8, at);
    await expect(again.read("select sum(length(body)) as n from t")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await expect(insert(again, 5_000)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("loses an unfinished tail of the log and nothing before it", async () => {
    const file = opened();
    await file.upgrade(schema);
    for (let id = 0; id < 20; id++) await insert(file, id);
    // What a machine leaves behind that loses power: the files as they are, the log cut inside its last frame.
    const copy = join(folder, "copy.db");
    copyFileSync(path, copy);
    const log = readFileSync(`${path}-wal`);
    writeFileSync(`${copy}-wal`, log.subarray(0, log.length - 1_000));
    path = copy;
    expect(await ids(opened())).toEqual(Array.from({ length: 19 }, (_, id) => id));
  });
});
