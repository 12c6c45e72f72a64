import type { DataLog, DivergenceAlarm, LogRecord, OutgoingRecord } from "@qmtl/bus/data-log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, type PassingTime } from "./passing-time.ts";

export interface DataLogHarness extends PassingTime {
  readonly log: DataLog;
  /** The alarms raised so far. */
  readonly alarms: readonly DivergenceAlarm[];
  close(): Promise<void>;
}

/** What every data log does. `open` gives an empty one. */
export function dataLogContract(name: string, open: () => Promise<DataLogHarness>): void {
  describe(`${name}, as a data log`, () => {
    let harness: DataLogHarness;
    let log: DataLog;
    beforeEach(async () => {
      harness = await open();
      log = harness.log;
      await log.ensureTopic("prices", config);
    });
    afterEach(() => harness.close());

    it("makes a topic once, however many ask for it", async () => {
      await Promise.all([1, 2, 3].map(() => log.ensureTopic("new", config)));
      expect((await log.topics()).map((topic) => topic.name)).toEqual(["new", "prices"]);
      const other = log.ensureTopic("new", { ...config, partitions: 3 });
      await expect(other).rejects.toMatchObject({ code: "QUEUE_CONFLICT" });
    });

    it("makes many topics at a time, all of them or none", async () => {
      const many = ["c", "prices", "a"].map((topic) => ({ name: topic, config }));
      await log.ensureTopics(many);
      expect((await log.topics()).map((topic) => topic.name)).toEqual(["a", "c", "prices"]);
      const other = log.ensureTopics([
        { name: "d", config },
        { name: "a", config: { ...config, partitions: 3 } },
      ]);
      await expect(other).rejects.toMatchObject({ code: "QUEUE_CONFLICT" });
      expect(await log.topics()).toHaveLength(3);
      await log.ensureTopics([]);
    });

    it.each(["", "a b", "a/b", "a|b", "é", "x".repeat(250)])("refuses the topic name %j", async (topic) => {
      await expect(log.ensureTopic(topic, config)).rejects.toMatchObject({ code: "NAME_INVALID" });
    });

    it("appends in order and reads back what was appended", async () => {
      const records = [60_000, 120_000, 180_000].map((bucketMs) => sampleRecord({ bucketMs, payload: `${bucketMs}` }));
      expect(await log.append("prices", records)).toEqual([0, 1, 2].map((offset) => ({ offset, status: "appended" })));
      const read = await log.read("prices", 1, 10);
      expect(read).toMatchObject([
        { offset: 1, revision: 0, ...records[1] },
        { offset: 2, revision: 0, ...records[2] },
      ]);
      expect(await log.read("prices", 0, 1)).toHaveLength(1);
      expect(await log.read("prices", 3, 10)).toEqual([]);
      expect((await log.read("prices", -1, 10)).map(({ offset }) => offset)).toEqual([2]);
      expect((await log.read("prices", -9, 1)).map(({ offset }) => offset)).toEqual([0]);
      expect(await log.size("prices")).toBe(3);
      expect(await log.topics()).toMatchObject([{ name: "prices", config, startOffset: 0, endOffset: 3 }]);
    });

    it("keeps any text as payload", async () => {
      const payloads = ["", "null", "가나다 🙂", JSON.stringify({ a: "\u0000" }), "x".repeat(200_000)];
      await log.append(
        "prices",
        payloads.map((payload, bucketMs) => sampleRecord({ bucketMs, payload })),
      );
      expect((await log.read("prices", 0, 10)).map(({ payload }) => payload)).toEqual(payloads);
    });

    it("X-1: has one record of equal inputs, whoever appends it again", async () => {
      await log.append("prices", [sampleRecord({ token: 1 })]);
      expect(await log.append("prices", [sampleRecord({ token: 1 }), sampleRecord({ token: 2 })])).toEqual([
        { offset: 0, status: "duplicate" },
        { offset: 0, status: "duplicate" },
      ]);
      const all = await Promise.all(
        Array.from({ length: 8 }, () => log.append("prices", [sampleRecord({ bucketMs: 9, token: 2 })])),
      );
      expect(all.flat().filter(({ status }) => status === "appended")).toHaveLength(1);
      expect(await log.size("prices")).toBe(2);
      expect(harness.alarms).toEqual([]);
    });

    it("X-2: refuses a token below the highest one of its key, and all that came with it", async () => {
      await log.append("prices", [sampleRecord({ token: 5 })]);
      const batch = [sampleRecord({ key: "other", token: 1 }), sampleRecord({ bucketMs: 60_000, token: 4 })];
      await expect(log.append("prices", batch)).rejects.toMatchObject({
        code: "FENCED",
        details: { token: 4, highest: 5 },
      });
      expect(await log.size("prices")).toBe(1);
      await log.append("prices", [sampleRecord({ key: "other", token: 1 })]);
      // A record that is there already raises the mark all the same: its writer is the newest owner.
      await log.append("prices", [sampleRecord({ token: 6 })]);
      const old = log.append("prices", [sampleRecord({ bucketMs: 60_000, token: 5 })]);
      await expect(old).rejects.toMatchObject({ code: "FENCED" });
    });

    it("X-3: raises an alarm for two inputs of one bucket, and keeps one effective output", async () => {
      await log.append("prices", [sampleRecord({ inputHash: "a" })]);
      expect(await log.append("prices", [sampleRecord({ inputHash: "b" })])).toEqual([
        { offset: 1, status: "revised" },
      ]);
      expect(harness.alarms).toEqual([
        { topic: "prices", key: "node", bucketMs: 0, token: 1, inputHashes: ["a", "b"], offset: 1 },
      ]);
      expect((await log.read("prices", 0, 10)).map(({ revision }) => revision)).toEqual([0, 1]);
      expect(await log.append("prices", [sampleRecord({ inputHash: "a" })])).toEqual([
        { offset: 0, status: "duplicate" },
      ]);
    });

    it("takes late data as a revision, without an alarm", async () => {
      await log.append("prices", [sampleRecord({ inputHash: "a" })]);
      const revised = [sampleRecord({ inputHash: "b", revision: 1 }), sampleRecord({ inputHash: "a", revision: 2 })];
      expect(await log.append("prices", revised)).toEqual([
        { offset: 1, status: "revised" },
        { offset: 2, status: "revised" },
      ]);
      expect(await log.append("prices", [sampleRecord({ inputHash: "b", revision: 1 })])).toEqual([
        { offset: 1, status: "duplicate" },
      ]);
      expect(harness.alarms).toEqual([]);
    });

    it("delivers batches in order, from the start, the end or an offset", async () => {
      const buckets = Array.from({ length: 600 }, (_, index) => sampleRecord({ bucketMs: index }));
      await log.append("prices", buckets.slice(0, 500));
      const got = { earliest: [] as number[], latest: [] as number[], 300: [] as number[] };
      for (const from of ["earliest", "latest", 300] as const) {
        await log.subscribe("prices", { from }, (records) => {
          got[from].push(...records.map(({ offset }) => offset));
        });
      }
      await log.append("prices", buckets.slice(500));
      await eventually(harness, () => got.earliest.length === 600 && got.latest.length === 100);
      expect(got.earliest).toEqual(Array.from({ length: 600 }, (_, index) => index));
      expect(got.latest[0]).toBe(500);
      expect(got[300]).toHaveLength(300);
    });

    it("brings the same records again after a handler threw, for ever", async () => {
      let calls = 0;
      const got: LogRecord[] = [];
      await log.subscribe("prices", { from: "earliest" }, (records) => {
        if (++calls < 5) throw new Error("not yet");
        got.push(...records);
      });
      await log.append("prices", [sampleRecord({})]);
      await eventually(harness, () => got.length > 0, 60_000);
      expect(got).toHaveLength(1);
    });

    it("keeps the place of a group, and says how far it is behind", async () => {
      await log.append(
        "prices",
        [0, 1, 2].map((bucketMs) => sampleRecord({ bucketMs })),
      );
      expect(await log.lag("prices", "reader")).toBe(3);
      const first: number[] = [];
      const options = { from: "earliest", group: "reader" } as const;
      const subscription = await log.subscribe("prices", options, (records) => {
        first.push(...records.map(({ offset }) => offset));
      });
      await eventually(harness, async () => (await log.lag("prices", "reader")) === 0);
      await subscription.close();
      await log.append("prices", [sampleRecord({ bucketMs: 3 })]);
      expect(await log.lag("prices", "reader")).toBe(1);
      const second: number[] = [];
      await log.subscribe("prices", options, (records) => void second.push(...records.map(({ offset }) => offset)));
      await eventually(harness, () => second.length > 0);
      expect([first, second]).toEqual([[0, 1, 2], [3]]);
    });

    it("drops a topic with everything in it", async () => {
      await log.append("prices", [sampleRecord({ token: 9 })]);
      expect(await log.dropTopic("prices")).toBe(true);
      expect(await log.dropTopic("prices")).toBe(false);
      await expect(log.append("prices", [sampleRecord({})])).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
      for (const ask of [log.read("prices", 0, 1), log.size("prices"), log.lag("prices", "g")]) {
        await expect(ask).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
      }
      await log.ensureTopic("prices", config);
      expect(await log.append("prices", [sampleRecord({ token: 1 })])).toEqual([{ offset: 0, status: "appended" }]);
    });
  });
}

const config = { partitions: 1, retentionMs: 604_800_000 };

export function sampleRecord(fields: Partial<OutgoingRecord>): OutgoingRecord {
  return { key: "node", bucketMs: 0, inputHash: "h", token: 1, payload: "1.5", ...fields };
}
