import { systemClock } from "@qmtl/service/edge";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WriteGroup } from "./write-group.ts";

/** A disk that answers when it is told to. */
class SlowDisk {
  readonly asked: PromiseWithResolvers<void>[] = [];

  readonly sync = (): Promise<void> => {
    const answer = Promise.withResolvers<void>();
    this.asked.push(answer);
    return answer.promise;
  };
}

let connection: DatabaseSync;
let disk: SlowDisk;
let group: WriteGroup;

beforeEach(() => {
  connection = new DatabaseSync(":memory:");
  connection.exec("create table t (id integer primary key)");
  disk = new SlowDisk();
  const errorOf = (cause: unknown): unknown => cause;
  group = new WriteGroup(connection, {
    clock: systemClock,
    errorOf,
    busyTimeoutMs: 100,
    sync: disk.sync,
    onCommit: () => {},
  });
});
afterEach(() => connection.close());

const acknowledged: number[] = [];
beforeEach(() => void (acknowledged.length = 0));

async function insert(id: number, durable = true): Promise<void> {
  await group.begin(durable);
  group.during(() => connection.exec(`insert into t values (${id})`));
  await group.commit();
  acknowledged.push(id);
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const stored = (): unknown[] =>
  connection
    .prepare("select id from t order by id")
    .all()
    .map(({ id }) => id);

it("acknowledges what is on disk, and nothing before (S-1)", async () => {
  const first = insert(1);
  await settled();
  expect([stored(), acknowledged, disk.asked.length]).toEqual([[1], [], 1]);
  disk.asked[0]!.resolve();
  await first;
  expect(acknowledged).toEqual([1]);
  expect(group.onDisk).toBeUndefined();
});

it("does not count a wait that began before the commit", async () => {
  const first = insert(1);
  await settled();
  const others = [insert(2), insert(3)];
  await settled();
  expect([stored(), disk.asked.length]).toEqual([[1, 2, 3], 1]);
  disk.asked[0]!.resolve();
  await settled();
  expect([acknowledged, disk.asked.length]).toEqual([[1], 2]);
  disk.asked[1]!.resolve();
  await Promise.all([first, ...others]);
  expect(acknowledged).toEqual([1, 2, 3]);
});

it("tells readers when what they saw is on disk", async () => {
  const writing = insert(1);
  await settled();
  let isKnown = false;
  const reading = group.onDisk!.then(() => (isKnown = true));
  await settled();
  expect(isKnown).toBe(false);
  disk.asked[0]!.resolve();
  await Promise.all([writing, reading]);
  expect(isKnown).toBe(true);
});

it("does not wait for the disk for those who do not ask for it", async () => {
  await insert(1, false);
  expect([acknowledged, disk.asked.length]).toEqual([[1], 0]);
});

it("fails what did not reach the disk, and goes on waiting for the rest", async () => {
  const first = insert(1);
  await settled();
  const second = insert(2);
  await settled();
  disk.asked[0]!.reject(new Error("the disk is gone"));
  await expect(first).rejects.toThrow("the disk is gone");
  await settled();
  disk.asked[1]!.reject(new Error("still gone"));
  await expect(second).rejects.toThrow("still gone");
  expect(acknowledged).toEqual([]);
});
