import { computeContextOf, computeKey, crc32OfNodeIds, partitionKey } from "@qmtl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dagText, idOf, nodesOf, priceAndMean, type NodeSketch } from "../fixtures/dag-text.ts";
import type { GraphView } from "../graph/index.ts";
import {
  chunkAcknowledged,
  chunkSent,
  isComplete,
  nextStep,
  openWindow,
  partsOf,
  DagReader,
  defaultDagLimits,
  inContext,
  planDiff,
  readDag,
  resumed,
  type Dag,
} from "./index.ts";
import type { DiffContext } from "./read-dag.ts";

const emptyView: GraphView = {
  version: 0,
  knownNodes: new Set(),
  queues: new Map(),
  sentinel: undefined,
  weight: undefined,
  submission: undefined,
  isSetKnown: false,
};

function dagOf(dagJson: string, context: DiffContext = {}, withNamespace = true): Dag {
  return inContext(readDag(dagJson), context, withNamespace);
}

describe("reading a DAG", () => {
  it("orders nodes after their inputs and sums the ids in the document's order", () => {
    const nodes = [...nodesOf(priceAndMean)].reverse();
    const dag = dagOf(JSON.stringify({ nodes }));
    expect(dag.entries.map(({ nodeId }) => nodeId)).toEqual(nodes.map((node) => node["node_id"]).reverse());
    expect(dag.crc32).toBe(crc32OfNodeIds(nodes.map((node) => node["node_id"] as string)));
  });

  it("takes sentinels out, and version and weight from them", () => {
    const sentinel = { node_type: "VersionSentinel", node_id: "s-sentinel", version: "2.1", traffic_weight: 0.25 };
    const nodes = [...nodesOf(priceAndMean), sentinel];
    const dag = dagOf(JSON.stringify({ nodes, version: "9" }));
    expect(dag).toMatchObject({ version: "2.1", trafficWeight: 0.25 });
    expect(dag.entries).toHaveLength(2);
  });

  it.each([
    [[{ node_type: "VersionSentinel", node_id: "abc/1" }], {}, "abc-1"],
    [[], { strategy_version: "s1", version: "v9" }, "s1"],
    [[], { version: "v9" }, "v9"],
    [[], { meta: { build_version: "b7" } }, "b7"],
    [[], {}, "v1"],
  ])("finds the version: %j %j → %s", (sentinels, rest, version) => {
    expect(dagOf(JSON.stringify({ nodes: sentinels, ...rest })).version).toBe(version);
  });

  it.each([
    [-1, 0],
    [7, 1],
    [0.5, 0.5],
  ])("holds a weight of %d within 0 and 1", (traffic_weight, weight) => {
    const nodes = [{ node_type: "VersionSentinel", node_id: "x", traffic_weight }];
    expect(dagOf(JSON.stringify({ nodes })).trafficWeight).toBe(weight);
  });

  it("has no weight without a sentinel", () => {
    const text = dagText(priceAndMean, { meta: { traffic_weight: 0.5 } });
    expect(dagOf(text).trafficWeight).toBeUndefined();
  });

  it("settles the context before any key is made of it: the request first, then the document", () => {
    const text = dagText(priceAndMean, {
      compute_context: { world_id: "declared", execution_domain: "live", partition: "p0" },
      meta: { execution_domain: "shadow" },
    });
    expect(dagOf(text)).toMatchObject({
      context: { worldId: "declared", executionDomain: "live", partition: "p0" },
      namespace: "declared.live.",
    });
    expect(dagOf(text, { worldId: "asked", executionDomain: "shadow", asOf: " " })).toMatchObject({
      context: { worldId: "asked", executionDomain: "shadow", asOf: null },
      namespace: "asked.shadow.",
    });
  });

  it("runs safely without a domain, and names no world that is not known", () => {
    const dag = dagOf(dagText(priceAndMean));
    expect(dag.context).toMatchObject({ executionDomain: "backtest", downgradeReason: "decision_unavailable" });
    expect(dag.namespace).toBe("");
  });

  it("takes a declared namespace, and none when namespaces are off", () => {
    const text = dagText(priceAndMean, { meta: { topic_namespace: "Team.Live" } });
    expect(dagOf(text).namespace).toBe("team.live.");
    expect(dagOf(text, {}, false).namespace).toBe("");
  });

  it("is about no nodes when there is no text", () => {
    expect(dagOf("")).toMatchObject({ entries: [], crc32: 0, version: "v1" });
  });

  it.each<[string, (node: Record<string, unknown>) => unknown, string]>([
    ["an id that is not the node's hash", (node) => ({ ...node, period: 11 }), "NODE_ID_MISMATCH"],
    ["a node without code", (node) => ({ ...node, code_hash: "" }), "NODE_ID_FIELDS"],
    ["a node without a schema", (node) => ({ ...node, schema_hash: undefined }), "NODE_ID_FIELDS"],
    ["fields that cannot be joined", (node) => ({ ...node, code_hash: "a|b" }), "VALUE_NOT_HASHABLE"],
    ["nodes that are no objects", () => 3, "SCHEMA_INVALID"],
  ])("refuses %s", (_what, change, code) => {
    const nodes = nodesOf(priceAndMean).map((node, index) => (index === 1 ? change(node) : node));
    expect(() => dagOf(JSON.stringify({ nodes }))).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ["{", "JSON_INVALID"],
    ['{"nodes":[],"nodes":[]}', "JSON_INVALID"],
    ['{"nodes":[],"schema_version":"v2"}', "SCHEMA_INVALID"],
    ["[]", "SCHEMA_INVALID"],
  ])("refuses %s", (text, code) => {
    expect(() => dagOf(text)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses more nodes and more text than it takes", () => {
    const limits = { nodeCountMax: 1, dagBytesMax: 100_000 };
    const refusal = expect.objectContaining({ code: "REQUEST_TOO_LARGE" });
    expect(() => readDag(dagText(priceAndMean), limits)).toThrow(refusal);
    expect(() => readDag(" ".repeat(100_001), limits)).toThrow(refusal);
  });
});

describe("planning a diff", () => {
  const dag = dagOf(dagText(priceAndMean), { worldId: "w", executionDomain: "live" });

  it("gives every node a queue under the compute key of the merged context", () => {
    const context = computeContextOf({ worldId: "w", executionDomain: "live" });
    const plan = planDiff(dag, emptyView, () => false);
    expect(plan.queueMap).toEqual(
      ["price", "mean"].map((name) => {
        const nodeId = idOf(priceAndMean, name);
        const digits = nodeId.slice("blake3:".length, "blake3:".length + 8);
        const [asset, type] = name === "price" ? ["btc", "streaminput"] : ["asset", "processingnode"];
        return [partitionKey(nodeId, 60, 0, computeKey(nodeId, context)), `w.live.${asset}_${type}_${digits}_v1`];
      }),
    );
    expect(plan).toMatchObject({ reusedCount: 0, bufferedNodes: [] });
    expect(plan.newNodes).toHaveLength(2);
  });

  it("keeps queues that are there, whatever version named them, and recomputes rows of another schema", () => {
    const nodeId = idOf(priceAndMean, "mean");
    const queue = {
      topic: "old-name",
      nodeId,
      kind: "indicator",
      intervalSeconds: 60,
      tags: [],
      schemaHash: "another",
      buffering: undefined,
    } as const;
    const view = { ...emptyView, knownNodes: new Set([nodeId]), queues: new Map([[nodeId, queue]]) };
    const plan = planDiff(dag, view, () => false);
    expect(plan.queueMap[1]![1]).toBe("old-name");
    expect(plan.newNodes.map((node) => node.nodeId)).toEqual([idOf(priceAndMean, "price")]);
    expect(plan.bufferedNodes).toMatchObject([{ entry: { nodeId, schemaHash: "h0" }, lagBars: 20 }]);
  });

  it("gives way to names that are taken", () => {
    const [, first] = planDiff(dag, emptyView, () => false).queueMap[0]!;
    const [, second] = planDiff(dag, emptyView, (name) => name === first).queueMap[0]!;
    expect(second).not.toBe(first);
    expect(second.startsWith(first.slice(0, -"_v1".length))).toBe(true);
  });

  it("does not offer the output of a tag query under the tags it reads", () => {
    const query: NodeSketch = { name: "q", type: "TagQueryNode", tags: ["BTC"], matchMode: "all" };
    const plan = planDiff(dagOf(dagText([query])), emptyView, () => false);
    expect(plan.newQueues[0]!.tags).toEqual([]);
    expect(plan.tagQueries).toEqual([
      { nodeId: idOf([query], "q"), tags: ["BTC"], intervalSeconds: 60, matchMode: "all" },
    ]);
  });

  it("names a set of nodes by what is in it, not by its order", () => {
    const nodes = nodesOf(priceAndMean);
    const setIdOf = (of: readonly unknown[]): string => readDag(JSON.stringify({ nodes: of })).setId;
    expect(setIdOf([...nodes].reverse())).toBe(setIdOf(nodes));
    expect(setIdOf(nodes.slice(0, 1))).not.toBe(setIdOf(nodes));
  });
});

describe("reading one DAG again", () => {
  const text = dagText(priceAndMean);

  it("answers what reading it anew does, in each context", () => {
    const reader = new DagReader(true, defaultDagLimits);
    const contexts: readonly DiffContext[] = [
      {},
      { worldId: "w", executionDomain: "live" },
      { worldId: "v", executionDomain: "live" },
      { worldId: "w", executionDomain: "backtest", asOf: "2026-01-01" },
      { worldId: "w", executionDomain: "backtest", asOf: "2026-01-02", partition: "p" },
    ];
    for (const context of [...contexts, ...contexts]) {
      expect(reader.read({ strategyId: "s", dagJson: text, ...context })).toEqual(dagOf(text, context));
    }
  });

  it("reads a text once while it is remembered, and forgets the one not asked for longest", () => {
    const reader = new DagReader(true, defaultDagLimits);
    const read = (dagJson: string) => reader.read({ strategyId: "s", dagJson });
    const [first, second] = [read(text), read(dagText([]))];
    for (let index = 0; index < 63; index++) {
      expect(read(text)).toBe(first);
      read(dagText([{ name: `n${index}` }]));
    }
    expect(read(text)).toBe(first);
    expect(read(dagText([]))).not.toBe(second);
  });

  it("does not remember what it refuses", () => {
    const reader = new DagReader(true, defaultDagLimits);
    const wrong = text.replace('"period":20', '"period":21');
    for (let time = 0; time < 2; time++) {
      expect(() => reader.read({ strategyId: "s", dagJson: wrong })).toThrow(
        expect.objectContaining({ code: "NODE_ID_MISMATCH" }),
      );
    }
  });
});

describe("parts of an answer", () => {
  const entries = (count: number): [string, string][] =>
    Array.from({ length: count }, (_, index) => [`k${index}`, `t${index}`]);

  it("hold a hundred items each, and there is one for an answer about nothing", () => {
    expect(partsOf(entries(250), []).map(({ queueMap }) => queueMap.length)).toEqual([100, 100, 50]);
    expect(partsOf([], [])).toEqual([{ queueMap: [], bufferedNodes: [] }]);
  });

  it("keep every entry once and in order, within both limits", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 })), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 2_000 }),
        (map, itemsMax, bytesMax) => {
          const parts = partsOf(map, [], { itemsMax, bytesMax });
          expect(parts.flatMap(({ queueMap }) => queueMap)).toEqual(map);
          for (const { queueMap } of parts) {
            expect(queueMap.length).toBeLessThanOrEqual(itemsMax);
            const bytes = new TextEncoder().encode(queueMap.flat().join("")).length;
            // A single entry may be larger than the limit; nothing can be done about that here.
            if (queueMap.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax);
          }
        },
      ),
    );
  });
});

describe("the acknowledgement window", () => {
  it("lets ten chunks go ahead and waits", () => {
    let window = openWindow(12);
    const sent: number[] = [];
    for (let step = nextStep(window); step.do === "send"; step = nextStep(window)) {
      sent.push(step.chunkId);
      window = chunkSent(window, step.chunkId);
    }
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(nextStep(window)).toEqual({ do: "wait" });
    expect(nextStep(chunkAcknowledged(window, 4))).toEqual({ do: "send", chunkId: 10 });
  });

  it("takes no acknowledgement of a chunk that was never sent", () => {
    const window = chunkSent(openWindow(11), 0);
    expect(chunkAcknowledged(window, 10)).toBe(window);
  });

  it("sends again on a new connection what was not acknowledged, and only that", () => {
    let window = openWindow(3);
    for (const chunkId of [0, 1, 2]) window = chunkSent(window, chunkId);
    window = resumed(chunkAcknowledged(window, 1));
    expect(nextStep(window)).toEqual({ do: "send", chunkId: 0 });
    expect(nextStep(chunkSent(window, 0))).toEqual({ do: "send", chunkId: 2 });
  });

  it("sends every chunk, never more than ten ahead, whatever acknowledgements come and connections break", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.integer({ min: -2, max: 42 })), (count, events) => {
        let window = openWindow(count);
        const arrived = new Set<number>();
        const run = (): void => {
          for (let step = nextStep(window); step.do === "send"; step = nextStep(window)) {
            arrived.add(step.chunkId);
            window = chunkSent(window, step.chunkId);
            const underWay = [...window.sent].filter((chunkId) => !window.acknowledged.has(chunkId));
            expect(underWay.length).toBeLessThanOrEqual(10);
          }
        };
        for (const event of events) {
          run();
          window = event === -2 ? resumed(window) : chunkAcknowledged(window, event);
        }
        while (!isComplete(window)) {
          run();
          for (const chunkId of window.sent) window = chunkAcknowledged(window, chunkId);
        }
        expect(arrived.size).toBe(count);
      }),
    );
  });
});
