import { crc32OfNodeIds, nodeIdOf, nodeSpecText } from "@qmtl/core";
import { systemClock } from "@qmtl/service/edge";
import { openEmbeddedDatabase } from "@qmtl/store";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { graphStoreContract } from "../fixtures/graph-store-contract.ts";
import type { GraphNode } from "../graph/index.ts";
import { GraphLog, graphMigrations, type GraphTables } from "./index.ts";

function nodeOf(name: string, inputs: readonly string[] = []): GraphNode {
  const spec = { nodeType: "N", intervalMs: 60_000, period: 5, params: { name: `${name}|x` }, inputs, codeHash: "c" };
  const rest = { specText: nodeSpecText(spec), nodeType: "N", intervalSeconds: 60, period: 5, inputs, tags: [] };
  return { nodeId: nodeIdOf(spec), ...rest };
}

async function openFile(path: string) {
  return openEmbeddedDatabase<GraphTables>({ path, migrations: graphMigrations, clock: systemClock });
}

graphStoreContract(
  "the graph log on the embedded store",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "qmtl-graph-"));
    const databases = [await openFile(join(folder, "dag.db"))];
    return {
      store: await GraphLog.open(databases[0]!, async () => {}),
      async other() {
        const database = await openFile(join(folder, "dag.db"));
        databases.push(database);
        return GraphLog.open(database, async () => {});
      },
      async close() {
        for (const database of databases) await database.destroy();
        rmSync(folder, { recursive: true });
      },
    };
  },
  nodeOf,
);

it("does not open a graph whose nodes were changed behind its back (D-2)", async () => {
  const database = await openFile(":memory:");
  const graph = await GraphLog.open(database, async () => {});
  await graph.commit({ baseVersion: 0, atMs: 1, nodes: [nodeOf("a")] });
  await sql`update graph_change set specs = replace(specs, '"a|x', '"b|x')`.execute(database);
  await sql`update graph_change set specs = replace(specs, 'a|x', 'b|x')`.execute(database);
  await expect(GraphLog.open(database, async () => {})).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  await database.destroy();
});

it("reads changes as earlier versions wrote them", async () => {
  const database = await openFile(":memory:");
  const [a, b] = [nodeOf("a"), nodeOf("b")];
  const context = { worldId: "w", executionDomain: "live", asOf: "", partition: "" };
  const common = { kind: "indicator", intervalSeconds: 60, tags: ["x"], schemaHash: "h" };
  const query = { tags: ["x"], intervalSeconds: 60, matchMode: "any" };
  const body = {
    nodesCrc32: crc32OfNodeIds([a.nodeId, b.nodeId]),
    change: { baseVersion: 0, atMs: 1, context, submission: { strategyId: "s", version: "v1", setId: "ab" } },
    queues: [
      ["qb", 1, 0],
      ["qa", 0, 0],
    ],
    commons: [common],
    tagQueries: [[0, query]],
    set: [0, 2],
  };
  const row = { version: 1, body: JSON.stringify(body), specs: JSON.stringify([a.specText, b.specText]) };
  await database.insertInto("graph_change").values(row).execute();
  const graph = await GraphLog.open(database, async () => {});
  const { nodeId } = b;
  const { queues } = await graph.view({ nodeIds: [nodeId], context, strategyId: "s", setId: "ab" });
  expect(queues.get(nodeId)).toEqual({ topic: "qb", nodeId, ...common, buffering: undefined });
  expect(await graph.tagQueries(context)).toEqual([query]);
  const { queues: used } = await graph.usage("s");
  expect(used.map(({ topic, isReferenced }) => [topic, isReferenced])).toEqual([
    ["qa", true],
    ["qb", true],
  ]);
  await database.destroy();
});

it("writes nothing when the events of a change cannot be written", async () => {
  const database = await openFile(":memory:");
  const graph = await GraphLog.open(database, async () => {
    throw new Error("no outbox");
  });
  const event = { topic: "control.queues", key: "k", sequence: 1, type: "t", data: {}, correlationId: "c" } as const;
  await expect(graph.commit({ baseVersion: 0, atMs: 1, nodes: [nodeOf("a")], events: [event] })).rejects.toThrow(
    "no outbox",
  );
  expect([await graph.version(), await graph.counts()]).toEqual([0, { nodes: 0, queues: 0 }]);
  await database.destroy();
});

it("writes no change that does not fit: it would be read back at every start", async () => {
  const database = await openFile(":memory:");
  const graph = await GraphLog.open(database, async () => {});
  const [a, b] = [nodeOf("a"), nodeOf("b")];
  const context = { worldId: "w", executionDomain: "live", asOf: "", partition: "" };
  const queue = {
    topic: "q",
    kind: "indicator",
    intervalSeconds: 60,
    tags: [],
    schemaHash: "h",
    buffering: undefined,
  } as const;
  const first = { baseVersion: 0, atMs: 1, context, nodes: [a], queues: [{ ...queue, nodeId: a.nodeId }] };
  expect(await graph.commit(first)).toBe(true);
  for (const change of [
    { nodes: [a] },
    { nodes: [b], queues: [{ ...queue, nodeId: b.nodeId }] },
    { queues: [{ ...queue, topic: "q2", nodeId: a.nodeId }] },
    { queues: [{ ...queue, topic: "q2", nodeId: b.nodeId }] },
    { submission: { strategyId: "s", version: "v1", setId: "unknown" } },
    { submission: { strategyId: "s", version: "v1", setId: "x" }, set: [b.nodeId] },
  ]) {
    await expect(graph.commit({ baseVersion: 1, atMs: 2, context, ...change })).rejects.toThrow("internal");
  }
  expect(await (await GraphLog.open(database, async () => {})).version()).toBe(1);
  await database.destroy();
});
