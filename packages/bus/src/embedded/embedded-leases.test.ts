import { VirtualClock } from "@qmtl/testkit/clock";
import { expect, it } from "vitest";
import { openEmbeddedQueues } from "./index.ts";

const ids = { next: () => "id" };

it.each([
  ["forward", 3_600_000],
  ["back", -3_600_000],
])(
  "X-2: a wall clock that jumps %s frees a lease early, under a higher token, and keeps none for ever",
  async (_, byMs) => {
    const clock = new VirtualClock();
    const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids });
    const { leases, dataLog } = queues;
    await dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1_000 });
    const append = (token: number, bucketMs: number) =>
      dataLog.append("t", [{ key: "node", bucketMs, inputHash: "h", token, payload: "1" }]);

    const first = await leases.acquire("node", "a", 1_000);
    clock.jumpWall(byMs);
    const second = await leases.acquire("node", "b", 1_000);
    expect([first, second]).toMatchObject([
      { kind: "granted", token: 1 },
      { kind: "granted", token: 2 },
    ]);
    await append(2, 0);
    await expect(append(1, 60_000)).rejects.toMatchObject({ code: "FENCED" });
    expect(await leases.acquire("node", "a", 1_000)).toMatchObject({ kind: "held", by: "b" });
    await queues.close();
  },
);
