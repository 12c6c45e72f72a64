import { VirtualClock } from "@qmtl/testkit/clock";
import { cloudEvent, eventSources, policyUpdated } from "@qmtl/contracts/events";
import { expect, it } from "vitest";
import { openEmbeddedControlBus, openEmbeddedQueues } from "./index.ts";

let n = 0;
const ids = { next: () => `id-${++n}` };
it("smoke", async () => {
  const clock = new VirtualClock();
  const bus = await openEmbeddedControlBus({ path: ":memory:", clock, ids });
  const got: number[] = [];
  const sub = await bus.subscribe("control.policy", { from: "latest", group: "g" }, (m) => void got.push(m.sequence));
  const event = cloudEvent({
    id: ids.next(),
    source: eventSources.worldService,
    type: "policy_updated",
    timeMs: clock.nowMs(),
    correlationId: "c",
    data: policyUpdated({ world_id: "w", policy_version: 1, checksum: "x", tsMs: clock.nowMs() }),
  });
  await bus.publish("control.policy", [
    { key: "w", sequence: 1, event },
    { key: "w", sequence: 2, event },
  ]);
  await clock.advance(100);
  expect(got).toEqual([1, 2]);
  await sub.close();
  await bus.close();
  const q = await openEmbeddedQueues({ path: ":memory:", clock, ids });
  await q.dataLog.ensureTopic("t", { partitions: 1, retentionMs: 1000 });
  const r = { key: "k", bucketMs: 0, inputHash: "h", token: 1, payload: "1" };
  expect(await q.dataLog.append("t", [r, r, { ...r, inputHash: "i" }])).toEqual([
    { offset: 0, status: "appended" },
    { offset: 0, status: "duplicate" },
    { offset: 1, status: "revised" },
  ]);
  expect(await q.dataLog.topics()).toHaveLength(1);
  expect(await q.leases.acquire("r", "a", 100)).toMatchObject({ token: 1 });
  expect(await q.leases.acquire("r", "b", 100)).toMatchObject({ kind: "held", by: "a" });
  await q.close();
});
