import { compareCodePoints, QmtlError } from "@qmtl/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dagText, idOf, priceAndMean, type NodeSketch } from "../fixtures/dag-text.ts";
import { openManager, type ManagerBench } from "../fixtures/open-manager.ts";

const live = { worldId: "w1", executionDomain: "live" } as const;
const day = 86_400_000;

let bench: ManagerBench;
beforeEach(async () => {
  bench = await openManager();
});
afterEach(() => bench.close());

function topicsOf({ queueMap }: { readonly queueMap: readonly (readonly [string, string])[] }): string[] {
  return queueMap.map(([, topic]) => topic);
}

function sorted(texts: readonly (string | undefined)[]): string[] {
  return texts.map(String).sort(compareCodePoints);
}

async function eventsOn(topic: "control.queues" | "control.sentinel") {
  await bench.clock.advance(1_000);
  return bench.bus.read(topic, 0, 1_000);
}

describe("a diff", () => {
  it("makes nodes, queues and topics, and finds them again for another strategy", async () => {
    const { manager, dataLog } = bench;
    const first = await manager.diff({ strategyId: "s1", dagJson: dagText(priceAndMean), ...live });
    expect(first).toMatchObject({ sentinelId: "s1-sentinel", version: "v1", newNodeCount: 2, newQueueCount: 2 });
    expect(sorted((await dataLog.topics()).map(({ name }) => name))).toEqual(sorted(topicsOf(first)));
    const second = await manager.diff({ strategyId: "s2", dagJson: dagText(priceAndMean), ...live });
    expect(second).toMatchObject({ sentinelId: "s2-sentinel", newNodeCount: 0, newQueueCount: 0 });
    expect(second.queueMap).toEqual(first.queueMap);
    expect(second.crc32).toBe(first.crc32);
  });

  it("keeps contexts apart: one node, a queue for each world, domain, as_of and partition", async () => {
    const contexts = [
      { worldId: "w1", executionDomain: "live" },
      { worldId: "w2", executionDomain: "live" },
      { worldId: "w1", executionDomain: "dryrun", asOf: "2026-01-01" },
      { worldId: "w1", executionDomain: "dryrun", asOf: "2026-01-02" },
      { worldId: "w1", executionDomain: "live", partition: "p1" },
    ];
    const outcomes = [];
    for (const [index, context] of contexts.entries()) {
      outcomes.push(await bench.manager.diff({ strategyId: `s${index}`, dagJson: dagText(priceAndMean), ...context }));
    }
    const topics = outcomes.flatMap(topicsOf);
    expect(new Set(topics).size).toBe(10);
    expect(new Set(outcomes.flatMap(({ queueMap }) => queueMap.map(([key]) => key))).size).toBe(10);
    expect(await bench.metrics.text()).toMatch(/compute_nodes_total 2\n/);
    expect(await bench.metrics.text()).not.toMatch(/cross_context_cache_hit_total\{/);
  });

  it("gives worlds whose names reduce to one text queues of their own", async () => {
    const a = await bench.manager.diff({ strategyId: "a", dagJson: dagText(priceAndMean), ...live, worldId: "a.b" });
    const b = await bench.manager.diff({ strategyId: "b", dagJson: dagText(priceAndMean), ...live, worldId: "a-b" });
    expect(topicsOf(a).every((topic) => topic.startsWith("a-b.live."))).toBe(true);
    expect(new Set([...topicsOf(a), ...topicsOf(b)]).size).toBe(4);
  });

  it("of one DAG many times at once makes one node set and one topic set (D-2)", async () => {
    const text = dagText(priceAndMean);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        bench.manager.diff({ strategyId: `s${index % 5}`, dagJson: text, ...live }),
      ),
    );
    expect(new Set(outcomes.map(({ queueMap }) => JSON.stringify(queueMap))).size).toBe(1);
    expect(await bench.dataLog.topics()).toHaveLength(2);
    expect(outcomes.reduce((sum, { newNodeCount }) => sum + newNodeCount, 0)).toBe(2);
  });

  it("through two managers at once makes one node set too", async () => {
    const other = await bench.reopened();
    const text = dagText(priceAndMean);
    const outcomes = await Promise.all(
      [bench.manager, other, bench.manager, other].map((manager, index) =>
        manager.diff({ strategyId: `s${index}`, dagJson: text, ...live }),
      ),
    );
    expect(new Set(outcomes.map(({ queueMap }) => JSON.stringify(queueMap))).size).toBe(1);
    expect(outcomes.reduce((sum, { newQueueCount }) => sum + newQueueCount, 0)).toBe(2);
  });

  it("is durable: a manager opened on the same store answers the same", async () => {
    const first = await bench.manager.diff({ strategyId: "s", dagJson: dagText(priceAndMean), ...live });
    const again = await (await bench.reopened()).diff({ strategyId: "s", dagJson: dagText(priceAndMean), ...live });
    expect(again).toEqual({ ...first, newNodeCount: 0, newQueueCount: 0 });
  });

  it("as a dry run changes nothing and names what a real one names", async () => {
    const subject = { strategyId: "dryrun", dagJson: dagText(priceAndMean), ...live };
    const dry = await bench.manager.diff(subject, { dryRun: true });
    expect(dry.sentinelId).toMatch(/^dryrun:[0-9a-f]{8}$/);
    expect(await bench.dataLog.topics()).toEqual([]);
    expect(await eventsOn("control.queues")).toEqual([]);
    expect(await bench.metrics.text()).toMatch(/compute_nodes_total 0\n/);
    expect((await bench.manager.diff({ ...subject, strategyId: "real" })).queueMap).toEqual(dry.queueMap);
  });

  it.each(["", "a b", "a\u0000", "é", "x".repeat(257)])("refuses the strategy id %j", async (strategyId) => {
    await expect(bench.manager.diff({ strategyId, dagJson: dagText([]) })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
    expect(await bench.metrics.text()).toMatch(/diff_failures_total 1\n/);
  });

  it("makes the topics later that the broker refused at first", async () => {
    await bench.close();
    let broken = true;
    bench = await openManager();
    const { dataLog } = bench;
    const flaky = Object.assign(Object.create(dataLog) as typeof dataLog, {
      ensureTopics: async (...call: Parameters<typeof dataLog.ensureTopics>) => {
        if (broken) throw new QmtlError("DEPENDENCY_UNAVAILABLE", "the broker is away");
        return dataLog.ensureTopics(...call);
      },
      topics: () => dataLog.topics(),
      size: (topic: string) => dataLog.size(topic),
    });
    const second = await openManager({ dataLog: flaky });
    const subject = { strategyId: "s", dagJson: dagText(priceAndMean), ...live };
    await expect(second.manager.diff(subject)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    expect(await second.metrics.text()).toMatch(/queue_create_error_total 2\n/);
    broken = false;
    await second.manager.diff(subject);
    expect(await dataLog.topics()).toHaveLength(2);
    await second.close();
  });

  it("makes at the start the topics that a crash left out", async () => {
    const { manager, dataLog } = bench;
    const [first] = topicsOf(await manager.diff({ strategyId: "s", dagJson: dagText(priceAndMean), ...live }));
    await dataLog.dropTopic(first!);
    const restarted = await bench.reopened();
    await restarted.start();
    expect((await dataLog.topics()).map(({ name }) => name)).toContain(first);
    await restarted.stop();
  });
});

describe("a schema that changed compatibly", () => {
  const changed: readonly NodeSketch[] = priceAndMean.map((node) => ({ ...node, schemaHash: "h1" }));

  it("keeps the queue and asks for a recompute, until seven days have brought enough rows", async () => {
    const { manager, clock, dataLog } = bench;
    const before = await manager.diff({ strategyId: "s1", dagJson: dagText(priceAndMean), ...live });
    const after = await manager.diff({ strategyId: "s2", dagJson: dagText(changed), ...live });
    expect(after.queueMap).toEqual(before.queueMap);
    expect(after.bufferedNodes.map(({ lagBars }) => lagBars)).toEqual([10, 20]);
    // Who still has the old schema is told nothing.
    expect((await manager.diff({ strategyId: "s1", dagJson: dagText(priceAndMean), ...live })).bufferedNodes).toEqual(
      [],
    );

    await clock.advance(7 * day);
    expect(await manager.settleBuffering()).toEqual([]);
    const topic = topicsOf(before)[1]!;
    const records = Array.from({ length: 20 }, (_, index) => ({
      key: "k",
      bucketMs: index * 60_000,
      inputHash: `i${index}`,
      token: 1,
      payload: "{}",
    }));
    await dataLog.append(topic, records);
    expect(await manager.settleBuffering()).toEqual([topic]);
    const settled = await manager.diff({ strategyId: "s2", dagJson: dagText(changed), ...live });
    expect(settled.bufferedNodes.map(({ entry }) => entry.nodeId)).toEqual([idOf(priceAndMean, "price")]);
  });
});

describe("tag queries", () => {
  const streams: readonly NodeSketch[] = [
    { name: "btc", type: "StreamInput", tags: ["BTC", "price"] },
    { name: "eth", type: "StreamInput", tags: ["ETH", "price"] },
    { name: "slow", type: "StreamInput", tags: ["BTC", "price"], interval: 300 },
    { name: "mean", inputs: ["btc"] },
  ];

  it("find queues by any or all tags, at one interval, in one world", async () => {
    const { manager } = bench;
    const [btc, eth, slow] = topicsOf(await manager.diff({ strategyId: "s", dagJson: dagText(streams), ...live }));
    expect(await manager.queuesByTag(["BTC"], 60, "any", live)).toEqual([btc]);
    expect(await manager.queuesByTag(["price"], 60, "any", live)).toEqual(sorted([btc, eth]));
    expect(await manager.queuesByTag(["BTC", "ETH"], 60, "all", live)).toEqual([]);
    expect(await manager.queuesByTag(["BTC,price"], 60, "all", live)).toEqual([btc]);
    expect(await manager.queuesByTag(["price", "BTC"], 300, "all", live)).toEqual([slow]);
    expect(await manager.queuesByTag([], 60, "any", live)).toEqual([]);
    for (const other of [{}, { ...live, worldId: "w2" }, { ...live, executionDomain: "backtest" }]) {
      expect(await manager.queuesByTag(["price"], 60, "any", other)).toEqual([]);
    }
  });

  it("without an as_of mean the newest context of the domain, and never mix two", async () => {
    const { manager } = bench;
    const dry = { worldId: "w1", executionDomain: "dryrun" };
    const text = dagText(streams);
    const [first] = topicsOf(await manager.diff({ strategyId: "s1", dagJson: text, ...dry, asOf: "2026-01-01" }));
    const [second] = topicsOf(await manager.diff({ strategyId: "s2", dagJson: text, ...dry, asOf: "2026-01-02" }));
    expect(await manager.queuesByTag(["BTC"], 60, "any", { ...dry, executionDomain: "paper" })).toEqual([second]);
    expect(await manager.queuesByTag(["BTC"], 60, "any", { ...dry, asOf: "2026-01-01" })).toEqual([first]);
  });

  it("have sizes by tags and interval", async () => {
    const { manager, dataLog } = bench;
    const [btc, eth] = topicsOf(await manager.diff({ strategyId: "s", dagJson: dagText(streams), ...live }));
    await dataLog.append(btc!, [{ key: "k", bucketMs: 0, inputHash: "i", token: 1, payload: "1" }]);
    expect(await manager.queueStats("tag=BTC,ETH;interval=1m")).toEqual({ [btc!]: 1, [eth!]: 0 });
    expect(Object.keys(await manager.queueStats(""))).toHaveLength(4);
  });
});

describe("events", () => {
  const btc: NodeSketch = { name: "btc", type: "StreamInput", tags: ["BTC", "price"] };
  const eth: NodeSketch = { name: "eth", type: "StreamInput", tags: ["ETH", "price"] };
  const reader: NodeSketch = { name: "reader", type: "TagQueryNode", tags: ["price"], matchMode: "any" };

  it("tell each query the queues it has now, with a sequence that moves and an etag of its own", async () => {
    const { manager } = bench;
    const watcher = await manager.diff({ strategyId: "q", dagJson: dagText([reader]), ...live });
    const [first] = topicsOf(await manager.diff({ strategyId: "s1", dagJson: dagText([btc]), ...live }));
    const [second] = topicsOf(await manager.diff({ strategyId: "s2", dagJson: dagText([eth]), ...live }));
    const events = await eventsOn("control.queues");
    const told = events.map(({ sequence, event }) => {
      const { tags, queues, match_mode, world_id, execution_domain } = event.data;
      return { sequence, type: event.type, tags, queues, match_mode, world_id, execution_domain };
    });
    const at = { type: "queue_updated", world_id: "w1", execution_domain: "live" };
    const named = (...topics: (string | undefined)[]) => sorted(topics).map((queue) => ({ queue, global: false }));
    expect(told).toEqual([
      { ...at, sequence: 1, tags: ["BTC", "price"], match_mode: "all", queues: named(first) },
      { ...at, sequence: 1, tags: ["price"], match_mode: "any", queues: named(first) },
      { ...at, sequence: 1, tags: ["ETH", "price"], match_mode: "all", queues: named(second) },
      { ...at, sequence: 2, tags: ["price"], match_mode: "any", queues: named(first, second) },
    ]);
    expect(new Set(events.map(({ event }) => event.data["etag"])).size).toBe(4);
    expect(told.flatMap(({ queues }) => queues)).not.toContainEqual({ queue: topicsOf(watcher)[0], global: false });
  });

  it("come once for what changes once", async () => {
    const { manager } = bench;
    for (let time = 0; time < 3; time++) await manager.diff({ strategyId: "s", dagJson: dagText([btc]), ...live });
    expect(await eventsOn("control.queues")).toHaveLength(1);
  });

  it("carry the id of the request that caused them", async () => {
    await bench.manager.diff({ strategyId: "s", dagJson: dagText([btc]), ...live }, { correlationId: "req-1" });
    expect((await eventsOn("control.queues"))[0]!.event.correlation_id).toBe("req-1");
  });

  it("tell of a version's weight where it is declared and changes", async () => {
    const sentinel = (traffic_weight: number) => ({
      nodes: [...(JSON.parse(dagText([btc])) as { nodes: object[] }).nodes, { ...version, traffic_weight }],
    });
    const version = { node_type: "VersionSentinel", node_id: "s-sentinel", version: "2.0" };
    for (const weight of [0.1, 0.1, 0.5]) {
      await bench.manager.diff({ strategyId: "s", dagJson: JSON.stringify(sentinel(weight)), ...live });
    }
    // In safe mode nobody decided that this version may have traffic.
    await bench.manager.diff({ strategyId: "s", dagJson: JSON.stringify(sentinel(1)), worldId: "w1" });
    const events = await eventsOn("control.sentinel");
    expect(
      events.map(({ key, sequence, event }) => [key, sequence, event.data["weight"], event.data["world_id"]]),
    ).toEqual([
      ["s-sentinel", 1, 0.1, "w1"],
      ["s-sentinel", 2, 0.5, "w1"],
    ]);
    expect(await bench.metrics.text()).toMatch(/dagmanager_active_version_weight\{version="2\.0"\} 0\.5\n/);
  });
});

describe("redoing a diff", () => {
  it("works on a known sentinel, in every context of its strategy", async () => {
    const { manager } = bench;
    const text = dagText(priceAndMean);
    await manager.diff({ strategyId: "s", dagJson: text, ...live });
    await manager.diff({ strategyId: "s", dagJson: text, ...live, worldId: "w2" });
    const again = await manager.redoDiff("s-sentinel", text);
    expect(again).toMatchObject({ sentinelId: "s-sentinel", newQueueCount: 0 });
    expect(new Set(topicsOf(again)).size).toBe(4);
    await expect(manager.redoDiff("nobody-sentinel", text)).rejects.toMatchObject({ code: "SENTINEL_NOT_FOUND" });
  });
});

describe("garbage collection", () => {
  const feed: readonly NodeSketch[] = [{ name: "feed", type: "RawBars", tags: ["BTC"] }];
  const onFeed: readonly NodeSketch[] = [...feed, { name: "mean", inputs: ["feed"] }];

  it("leaves what a strategy holds, for ever", async () => {
    const { manager, clock } = bench;
    await manager.diff({ strategyId: "s", dagJson: dagText(onFeed), ...live });
    await clock.advance(400 * day);
    expect(await manager.collectGarbage()).toMatchObject({ observed: 2, candidates: 0, processed: [] });
  });

  it("removes a queue some time after the last strategy let go of it, and says so", async () => {
    const { manager, clock, dataLog } = bench;
    const [topic] = topicsOf(await manager.diff({ strategyId: "s1", dagJson: dagText(feed), ...live }));
    await manager.diff({ strategyId: "s2", dagJson: dagText(feed), ...live });
    expect((await eventsOn("control.queues")).map(({ event }) => event.data["queues"])).toEqual([
      [{ queue: topic, global: false }],
    ]);
    await clock.advance(100 * day);
    expect((await manager.cleanup("s1")).items).toEqual([]);
    expect((await manager.cleanup("s2")).items).toMatchObject([{ queue: topic, action: "too_young" }]);
    await clock.advance(8 * day - 1);
    expect((await manager.collectGarbage()).processed).toEqual([]);
    await clock.advance(1);
    const preview = await manager.collectGarbage({ dryRun: true });
    expect(preview.items).toMatchObject([{ queue: topic, action: "drop" }]);
    expect(await dataLog.topics()).toHaveLength(1);
    expect(await manager.collectGarbage()).toMatchObject({
      processed: [topic],
      actions: { drop: 1 },
      by_tag: { raw: 1 },
    });
    expect(await dataLog.topics()).toEqual([]);
    expect(await manager.queuesByTag(["BTC"], 60, "any", live)).toEqual([]);
    const events = await eventsOn("control.queues");
    expect(
      events.map(({ event, sequence }) => [event.type, sequence, event.data["queues"] ?? event.data["queue"]]),
    ).toEqual([
      ["queue_updated", 2, []],
      ["queue_lifecycle", 1, topic],
    ]);
    const again = await manager.diff({ strategyId: "s3", dagJson: dagText(feed), ...live });
    expect(again).toMatchObject({ newNodeCount: 0, newQueueCount: 1 });
    expect(topicsOf(again)).not.toEqual([topic]);
  });

  it("leaves a queue whose node another strategy's node reads, although that strategy did not submit it", async () => {
    const { manager, clock } = bench;
    await manager.diff({ strategyId: "owner", dagJson: dagText(feed), ...live });
    const readerOnly = JSON.stringify({ nodes: (JSON.parse(dagText(onFeed)) as { nodes: object[] }).nodes.slice(1) });
    await manager.diff({ strategyId: "reader", dagJson: readerOnly, ...live });
    await manager.cleanup("owner");
    await clock.advance(400 * day);
    expect(await manager.collectGarbage()).toMatchObject({ candidates: 0 });
    await manager.cleanup("reader");
    await manager.collectGarbage();
    await clock.advance(8 * day);
    expect((await manager.collectGarbage()).by_tag).toEqual({ raw: 1 });
  });

  it("leaves a queue that a live tag query finds", async () => {
    const { manager, clock } = bench;
    await manager.diff({ strategyId: "owner", dagJson: dagText(feed), ...live });
    const query: NodeSketch = { name: "q", type: "TagQueryNode", tags: ["BTC"] };
    await manager.diff({ strategyId: "reader", dagJson: dagText([query]), ...live });
    await manager.cleanup("owner");
    await clock.advance(400 * day);
    expect(await manager.collectGarbage()).toMatchObject({ candidates: 0 });
  });

  it("finds a queue again that was taken up in the meantime", async () => {
    const { manager, clock } = bench;
    const first = await manager.diff({ strategyId: "s1", dagJson: dagText(feed), ...live });
    await manager.cleanup("s1");
    await clock.advance(7 * day);
    expect((await manager.diff({ strategyId: "s2", dagJson: dagText(feed), ...live })).queueMap).toEqual(
      first.queueMap,
    );
    await clock.advance(day);
    expect((await manager.collectGarbage()).processed).toEqual([]);
    await manager.cleanup("s2");
    await clock.advance(7 * day);
    expect((await manager.collectGarbage()).processed).toEqual([]);
  });

  it("goes on after a crash between retiring a queue and deleting its topic", async () => {
    const { manager, clock, dataLog } = bench;
    const stuck = Object.assign(Object.create(dataLog) as typeof dataLog, {
      dropTopic: async () => {
        throw new QmtlError("DEPENDENCY_UNAVAILABLE", "the broker is away");
      },
      topics: () => dataLog.topics(),
      ensureTopics: dataLog.ensureTopics.bind(dataLog),
    });
    const crashing = await openManager({ dataLog: stuck, database: bench.database, clock });
    const [topic] = topicsOf(await crashing.manager.diff({ strategyId: "s", dagJson: dagText(feed), ...live }));
    await crashing.manager.cleanup("s");
    await clock.advance(8 * day);
    expect((await crashing.manager.collectGarbage()).items).toMatchObject([{ queue: topic, action: "failed" }]);
    // No diff finds what is being removed.
    expect(topicsOf(await manager.diff({ strategyId: "t", dagJson: dagText(feed), ...live }))).not.toContain(topic);
    expect((await manager.collectGarbage()).processed).toEqual([topic]);
    expect((await dataLog.topics()).map(({ name }) => name)).not.toContain(topic);
  });

  it("archives before it deletes, and keeps what it could not archive", async () => {
    const marked: readonly NodeSketch[] = [{ name: "m", type: "SentinelMarker" }];
    const stored: [string, unknown[]][] = [];
    let broken = true;
    const archive = {
      async store(name: string, records: AsyncIterable<unknown>) {
        if (broken) throw new QmtlError("STORE_FAILED", "no room");
        const kept: unknown[] = [];
        for await (const record of records) kept.push(record);
        stored.push([name, kept]);
      },
    };
    const second = await openManager({ archive });
    const { manager, clock, dataLog } = second;
    const [topic] = topicsOf(await manager.diff({ strategyId: "s", dagJson: dagText(marked), ...live }));
    await dataLog.append(topic!, [{ key: "k", bucketMs: 0, inputHash: "i", token: 1, payload: "kept" }]);
    await manager.cleanup("s");
    await clock.advance(210 * day);
    expect((await manager.collectGarbage()).items).toMatchObject([{ queue: topic, action: "failed" }]);
    expect(await dataLog.topics()).toHaveLength(1);
    broken = false;
    expect(await manager.collectGarbage()).toMatchObject({ processed: [topic], actions: { archive: 1 } });
    expect(stored).toMatchObject([[`${topic}-20260730T000000`, [{ payload: "kept" }]]]);
    await second.close();
  });

  it("of a sentinel looks at its strategy's queues alone", async () => {
    const { manager, clock } = bench;
    await manager.diff({ strategyId: "s1", dagJson: dagText(feed), ...live });
    await manager.diff({ strategyId: "s2", dagJson: dagText(priceAndMean), ...live });
    await manager.cleanup("s1");
    await manager.cleanup("s2");
    await clock.advance(400 * day);
    expect(await manager.collectGarbageOf("s1-sentinel")).toMatchObject({ observed: 1, by_tag: { raw: 1 } });
    expect(await manager.collectGarbage()).toMatchObject({ observed: 2, by_tag: { indicator: 2 } });
    await expect(manager.collectGarbageOf("nobody-sentinel")).rejects.toMatchObject({ code: "SENTINEL_NOT_FOUND" });
  });

  it("runs by itself, every minute", async () => {
    const { manager, clock, metrics } = bench;
    await manager.start();
    await manager.diff({ strategyId: "s", dagJson: dagText(feed), ...live });
    await manager.cleanup("s");
    await clock.advance(120_000);
    expect(await metrics.text()).toMatch(/orphan_queue_total 1\n/);
  });
});

it("whatever comes in whatever order, a queue that a strategy holds is there (D-3)", async () => {
  const sketches: readonly NodeSketch[] = Array.from({ length: 6 }, (_, index) => ({
    name: `n${index}`,
    type: index % 2 === 0 ? "RawBars" : "ProcessingNode",
    inputs: index < 2 ? [] : [`n${index - 2}`],
  }));
  const step = fc.oneof(
    fc.record({ do: fc.constant("diff"), who: fc.integer({ min: 0, max: 3 }), size: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ do: fc.constant("cleanup"), who: fc.integer({ min: 0, max: 3 }), size: fc.constant(0) }),
    fc.record({ do: fc.constant("wait"), who: fc.integer({ min: 1, max: 40 }), size: fc.constant(0) }),
    fc.record({ do: fc.constant("restart"), who: fc.constant(0), size: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const own = await openManager();
      let { manager } = own;
      const held = new Map<string, readonly string[]>();
      for (const { do: what, who, size } of steps) {
        const strategyId = `s${who}`;
        if (what === "diff") {
          const outcome = await manager.diff({ strategyId, dagJson: dagText(sketches.slice(0, size)), ...live });
          held.set(strategyId, topicsOf(outcome));
        } else if (what === "cleanup") {
          await manager.cleanup(strategyId);
          held.delete(strategyId);
        } else if (what === "restart") {
          manager = await own.reopened();
        } else {
          await own.clock.advance(who * day);
          await manager.collectGarbage();
        }
        const present = new Set((await own.dataLog.topics()).map(({ name }) => name));
        for (const topic of [...held.values()].flat()) expect(present.has(topic)).toBe(true);
      }
      await own.close();
    }),
    { numRuns: 40 },
  );
});
