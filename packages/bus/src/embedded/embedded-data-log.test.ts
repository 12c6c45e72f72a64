import { sampleRecord } from "@qmtl/testkit/contracts";
import { VirtualClock } from "@qmtl/testkit/clock";
import { SqliteFile } from "@qmtl/store/sqlite";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { OutgoingRecord } from "../data-log/index.ts";
import { openEmbeddedQueues } from "./index.ts";

let idsGiven = 0;
const ids = { next: () => `id-${++idsGiven}` };

const record = fc.record({
  key: fc.constantFrom("a", "b"),
  bucketMs: fc.constantFrom(0, 60_000),
  inputHash: fc.constantFrom("h", "i", "j"),
  token: fc.integer({ min: 1, max: 4 }),
  revision: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});

/** The rules of the port on plain lists: what a topic holds, and the highest token of each key. */
class Model {
  readonly records: { key: string; bucketMs: number; inputHash: string; revision: number }[] = [];
  readonly tokens = new Map<string, number>();
  alarms = 0;

  /** `undefined`: fenced. */
  append(batch: readonly OutgoingRecord[]): string[] | undefined {
    const before = { records: [...this.records], tokens: new Map(this.tokens), alarms: this.alarms };
    const answers: string[] = [];
    for (const { key, bucketMs, inputHash, token, revision = 0 } of batch) {
      if (token < (this.tokens.get(key) ?? 0)) {
        this.records.splice(0, Infinity, ...before.records);
        this.tokens.clear();
        for (const [each, highest] of before.tokens) this.tokens.set(each, highest);
        this.alarms = before.alarms;
        return undefined;
      }
      this.tokens.set(key, token);
      const all = this.records.filter((each) => each.key === key && each.bucketMs === bucketMs);
      const latest = all.at(-1);
      const corrects = latest !== undefined && revision > latest.revision;
      const known = corrects ? latest.inputHash === inputHash : all.some((each) => each.inputHash === inputHash);
      if (known) {
        answers.push("duplicate");
        continue;
      }
      if (latest !== undefined && !corrects) this.alarms++;
      this.records.push({ key, bucketMs, inputHash, revision: all.length });
      answers.push(latest === undefined ? "appended" : "revised");
    }
    return answers;
  }
}

it("X-1 to X-3: appends, fences, dedupes and revises as the rules say, for any batches", async () => {
  const batches = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      let alarms = 0;
      const clock = new VirtualClock();
      const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids, onDivergence: () => void alarms++ });
      await queues.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1_000 });
      const model = new Model();
      for (const batch of all) {
        const records = batch.map(({ revision, ...rest }) => ({
          ...rest,
          payload: "1",
          ...(revision === undefined ? {} : { revision }),
        }));
        const expected = model.append(records);
        const found = await queues.dataLog.append("t", records).catch((error: unknown) => {
          expect(error).toMatchObject({ code: "FENCED" });
          return undefined;
        });
        expect(found?.map(({ status }) => status)).toEqual(expected);
      }
      expect(await queues.dataLog.read("t", 0, 1_000)).toMatchObject(
        model.records.map((each, offset) => ({ offset, ...each })),
      );
      expect(alarms).toBe(model.alarms);
      await queues.close();
    }),
    { numRuns: 100 },
  );
});

it("X-1: readers see tokens of a key that never go back", async () => {
  const clock = new VirtualClock();
  const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids });
  await queues.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1_000 });
  const writers = [1, 2, 3].flatMap((token) =>
    Array.from({ length: 20 }, (_, bucketMs) =>
      queues.dataLog.append("t", [sampleRecord({ bucketMs, token })]).catch(() => undefined),
    ),
  );
  await Promise.all(writers);
  const tokens = (await queues.dataLog.read("t", 0, 100)).map(({ token }) => token);
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  await queues.close();
});

it("forgets records older than the topic keeps them, and still knows the tokens", async () => {
  const clock = new VirtualClock();
  const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids });
  await queues.dataLog.ensureTopic("short", { partitions: 1, retentionMs: 100_000 });
  await queues.dataLog.ensureTopic("long", { partitions: 1, retentionMs: 10_000_000 });
  for (const topic of ["short", "long"]) await queues.dataLog.append(topic, [sampleRecord({ token: 7 })]);
  await clock.advance(150_000);
  await queues.dataLog.append("long", [sampleRecord({ bucketMs: 60_000, token: 7 })]);
  expect(await queues.dataLog.topics()).toMatchObject([
    { name: "long", startOffset: 0, endOffset: 2 },
    { name: "short", startOffset: 1, endOffset: 1 },
  ]);
  const old = queues.dataLog.append("short", [sampleRecord({ bucketMs: 60_000, token: 6 })]);
  await expect(old).rejects.toMatchObject({ code: "FENCED" });
  expect(await queues.dataLog.append("short", [sampleRecord({ token: 7 })])).toEqual([
    { offset: 1, status: "appended" },
  ]);
  await queues.close();
});

const columns = ["key", "bucket_ms", "revision", "input_hash", "token", "payload", "record_offset", "checksum"];
it.each(columns)("refuses to read a record whose %s was changed where it lay", async (column) => {
  const folder = await mkdtemp(join(tmpdir(), "qmtl-log-"));
  const path = join(folder, "queues.db");
  const clock = new VirtualClock();
  const queues = await openEmbeddedQueues({ path, clock, ids });
  await queues.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1_000 });
  await queues.dataLog.append("t", [sampleRecord({ payload: "1" })]);
  const file = new SqliteFile({ path, clock });
  await file.write((run) => run(`update records set ${column} = ${column} || '7'`));
  await file.close();
  await expect(queues.dataLog.read("t", 0, 10)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  await queues.close();
  await rm(folder, { recursive: true });
});

it("tells of a handler that keeps failing", async () => {
  const clock = new VirtualClock();
  const failures: unknown[] = [];
  const queues = await openEmbeddedQueues({
    path: ":memory:",
    clock,
    ids,
    onFailure: (error) => void failures.push(error),
  });
  await queues.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1_000 });
  await queues.dataLog.append("t", [sampleRecord({})]);
  const subscription = await queues.dataLog.subscribe("t", { from: "earliest" }, () => {
    throw new Error("no");
  });
  await clock.advance(100 + 200 + 400);
  expect(failures).toHaveLength(4);
  expect(subscription.position).toBe(0);
  await queues.close();
});
