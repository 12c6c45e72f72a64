import { compareCodePoints } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openEmbeddedQueues } from "./index.ts";

const clock = new VirtualClock();
const ids = { next: () => "id" };
const configs = [1, 3].map((partitions) => ({ partitions, retentionMs: 1_000 }));

const step = fc.record({
  who: fc.nat({ max: 1 }),
  made: fc.array(fc.record({ name: fc.constantFrom("a", "b", "c"), config: fc.constantFrom(...configs) }), {
    maxLength: 3,
  }),
  dropped: fc.constantFrom("a", "b", undefined),
});

it("knows the same topics in two processes as a plain list, whoever makes and drops them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), "qmtl-topics-"));
      const path = join(folder, "queues.db");
      const both = [await openEmbeddedQueues({ path, clock, ids }), await openEmbeddedQueues({ path, clock, ids })];
      const model = new Map<string, (typeof configs)[number]>();
      for (const { who, made, dropped } of steps) {
        const log = both[who]!.dataLog;
        const after = new Map(model);
        for (const { name, config } of made) if (!after.has(name)) after.set(name, config);
        const fits = made.every(({ name, config }) => after.get(name) === config);
        const answer = await log.ensureTopics(made).catch((error: unknown) => error);
        if (!fits) expect(answer).toMatchObject({ code: "QUEUE_CONFLICT" });
        else for (const [name, config] of after) model.set(name, config);
        if (dropped !== undefined) expect(await log.dropTopic(dropped)).toBe(model.delete(dropped));
        for (const { dataLog } of both) {
          const found = await dataLog.topics();
          expect(found.map(({ name, config }) => [name, config])).toEqual(
            [...model].toSorted(([a], [b]) => compareCodePoints(a, b)),
          );
        }
      }
      await Promise.all(both.map((queues) => queues.close()));
      await rm(folder, { recursive: true });
    }),
    { numRuns: 40 },
  );
});

it("starts a topic anew under a name that was dropped, in every process", async () => {
  const folder = await mkdtemp(join(tmpdir(), "qmtl-topics-"));
  const path = join(folder, "queues.db");
  const one = await openEmbeddedQueues({ path, clock, ids });
  const other = await openEmbeddedQueues({ path, clock, ids });
  const record = { key: "k", bucketMs: 0, inputHash: "h", token: 5, payload: "1" };
  await one.dataLog.ensureTopic("a", configs[0]!);
  await other.dataLog.append("a", [record]);
  await one.dataLog.dropTopic("a");
  await expect(other.dataLog.append("a", [record])).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
  await one.dataLog.ensureTopic("a", configs[1]!);
  expect(await other.dataLog.append("a", [{ ...record, token: 1 }])).toEqual([{ offset: 0, status: "appended" }]);
  expect(await one.dataLog.read("a", 0, 9)).toMatchObject([{ token: 1 }]);
  await Promise.all([one.close(), other.close()]);
  await rm(folder, { recursive: true });
});
