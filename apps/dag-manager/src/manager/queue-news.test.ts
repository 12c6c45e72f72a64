import { openEmbeddedControlBus, type ControlBus } from "@qmtl/bus";
import { cloudEvent, eventSources, queueUpdated } from "@qmtl/contracts/events";
import { QmtlError } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dagText } from "../fixtures/dag-text.ts";
import { countingIds, openManager } from "../fixtures/open-manager.ts";
import { QueueNews } from "./queue-news.ts";

const clock = new VirtualClock();
let bus: ControlBus;
beforeEach(async () => {
  bus = await openEmbeddedControlBus({ path: ":memory:", clock, ids: countingIds() });
});
afterEach(() => bus.close());

const context = { worldId: "w1", executionDomain: "live", asOf: "", partition: "" } as const;

function news(
  topics: readonly string[],
  publish: ControlBus["publish"] = (...args) => bus.publish(...args),
): QueueNews {
  const store = { version: async () => 1, newestContext: async () => context, queuesMatching: async () => topics };
  return new QueueNews({ publish }, store as never);
}

function changed(key: string, sequence: number, type = "queue_updated") {
  const data = queueUpdated({ tags: ["price"], interval: 60, match_mode: "any", queues: [], sequence, tsMs: 0 });
  const event = cloudEvent({ id: "1", source: eventSources.dagManager, type, timeMs: 0, data, correlationId: "c" });
  return { key, sequence, event };
}

async function told() {
  const events = await bus.read("control.queues", 0, 100);
  return events.map(({ key, sequence, event }) => [key, sequence, event.data["queues"]]);
}

it("fills in the queues of the query, and tells the last of several changes", async () => {
  await news(["a", "b"]).publish("control.queues", [changed("k", 1), changed("l", 1), changed("k", 2)]);
  const queues = ["a", "b"].map((queue) => ({ queue, global: false }));
  expect(await told()).toEqual([
    ["l", 1, queues],
    ["k", 2, queues],
  ]);
});

it("leaves what is no list of queues as it is", async () => {
  const gone = [changed("q", 1, "queue_lifecycle"), changed("q", 2, "queue_lifecycle")];
  await news(["a"]).publish("control.queues", gone);
  expect(await told()).toEqual([
    ["q", 1, []],
    ["q", 2, []],
  ]);
});

it("takes an event that comes again with other queues for told", async () => {
  await news(["a"]).publish("control.queues", [changed("k", 1)]);
  await news(["a", "b"]).publish("control.queues", [changed("k", 1)]);
  expect(await told()).toEqual([["k", 1, [{ queue: "a", global: false }]]]);
});

it("passes every other refusal on", async () => {
  const conflict = { code: "IDEMPOTENCY_CONFLICT" };
  await news(["a"]).publish("control.queues", [changed("k", 1)]);
  const several = news(["b"]).publish("control.queues", [changed("k", 1), changed("l", 1)]);
  await expect(several).rejects.toMatchObject(conflict);
  const away = new QmtlError("STORE_FAILED", "the bus is away");
  const failing = news(["b"], () => Promise.reject(away)).publish("control.queues", [changed("k", 2)]);
  await expect(failing).rejects.toBe(away);
});

it("wants a rest after long lists, so that a tag with many queues is not told faster than it can be read", async () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `q${index}`);
  const long = news(names(5_000));
  await long.publish("control.queues", [changed("k", 1)]);
  expect([long.restMs(), long.restMs()]).toEqual([200, 0]); // 25 names a millisecond
  const short = news(names(3));
  await short.publish("control.queues", [changed("k", 2)]);
  expect(short.restMs()).toBe(0);
});

it("tells once of many changes that came while the bus was away", async () => {
  let isAway = true;
  const publish: ControlBus["publish"] = (...args) =>
    isAway ? Promise.reject(new QmtlError("STORE_FAILED", "the bus is away")) : bus.publish(...args);
  const bench = await openManager({ bus: { publish } });
  const topics: string[] = [];
  for (let index = 0; index < 20; index++) {
    const dagJson = dagText([{ name: `n${index}`, type: "StreamInput", tags: ["price"] }]);
    const { queueMap } = await bench.manager.diff({ strategyId: `s${index}`, dagJson, worldId: "w1" });
    topics.push(queueMap[0]![1]);
  }
  isAway = false;
  await bench.clock.advance(10_000);
  const queues = topics.toSorted().map((queue) => ({ queue, global: false }));
  expect(await told()).toEqual([[expect.any(String), 20, queues]]);
  await bench.close();
});
