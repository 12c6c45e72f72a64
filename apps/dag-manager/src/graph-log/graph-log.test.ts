import { nodeIdOf, nodeSpecText } from "@qmtl/core";
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
