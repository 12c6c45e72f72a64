import { openEmbeddedControlBus, openEmbeddedQueues } from "@qmtl/bus";
import { wireNodeSpec } from "@qmtl/contracts";
import { nodeIdOf } from "@qmtl/core";
import { DagManager, dagManagerMigrations, type DagManagerTables } from "@qmtl/dag-manager";
import { createMetrics, silentLogger } from "@qmtl/service";
import { systemClock as clock, systemIds as ids } from "@qmtl/service/edge";
import { openEmbeddedDatabase } from "@qmtl/store";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import type { Bench, Row } from "../harness/row.ts";
import { peakMemoryMb, sampleOf, timeOf } from "../harness/timing.ts";

const nodeCount = 1_000;
const msMost = 15;

/** Streams with tags, and nodes that read two others: ids are hashed here, and checked by the manager. */
function dagOf(seed: number): string {
  const nodes: { readonly node_id: string }[] = [];
  for (let index = 0; index < nodeCount; index++) {
    const isStream = index < 20;
    const node = {
      node_type: isStream ? "StreamInput" : "ProcessingNode",
      name: `n${index}`,
      interval: 60,
      period: 20,
      params: { $: { inputs: ["0.close", "1."], on_missing: "skip" }, seed, window: index },
      tags: isStream ? ["BTC", "price"] : [],
      inputs: isStream ? [] : [nodes[index - 1]!.node_id, nodes[index - 20]!.node_id],
      code_hash: "c".repeat(64),
      config_hash: "d".repeat(64),
      schema_hash: "e".repeat(64),
      schema_compat_id: "bar-v1",
    };
    nodes.push({ node_id: nodeIdOf(wireNodeSpec(node)), ...node });
  }
  return JSON.stringify({ schema_version: "v1", nodes });
}

/** Ids of a DAG, and its diff on the embedded store until it is durable: nodes that are new, and the same again. */
export const diff: Bench = {
  name: "diff",
  summary: "node ids and diff of 1,000 nodes on the embedded store, first and repeated: p95",
  async run({ quick }) {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    const database = await openEmbeddedDatabase<DagManagerTables>({
      path: path("dag.db"),
      migrations: dagManagerMigrations,
      clock,
    });
    const bus = await openEmbeddedControlBus({ path: path("bus.db"), clock, ids });
    const queues = await openEmbeddedQueues({ path: path("queues.db"), clock, ids });
    const metrics = createMetrics("bench");
    const manager = await DagManager.open({
      database,
      bus,
      dataLog: queues.dataLog,
      clock,
      ids,
      logger: silentLogger,
      metrics,
    });
    const times: { first: Timed[]; again: Timed[] } = { first: [], again: [] };
    const [warmUps, rounds] = quick ? [2, 6] : [20, 60];
    // Made before anything is timed: in a process of its own the manager does not clear up behind those who ask.
    for (let round = 0; round < warmUps + rounds; round++) writeFileSync(path(`dag-${round}.json`), dagOf(round));
    for (let round = 0; round < warmUps + rounds; round++) {
      const dagJson = readFileSync(path(`dag-${round}.json`), "utf8");
      const context = { dagJson, worldId: "w", executionDomain: "live" };
      const diffFor = (strategyId: string) => manager.diff({ strategyId, ...context });
      let made: Awaited<ReturnType<typeof diffFor>> | undefined;
      const first = await timed(async () => (made = await diffFor(`s${round}`)));
      let found: typeof made;
      const again = await timed(async () => (found = await diffFor(`t${round}`)));
      requireSame("queues made", made!.newQueueCount, nodeCount);
      requireSame("queues found again", JSON.stringify(found!.queueMap), JSON.stringify(made!.queueMap));
      if (round < warmUps) continue;
      times.first.push(first);
      times.again.push(again);
    }
    await queues.close();
    await bus.close();
    await database.destroy();
    return [row("first", times.first), row("repeated", times.again)];
  },
};

interface Timed {
  readonly ms: number;
  /** Time on a processor, of this thread. */
  readonly cpuMs: number;
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const before = process.threadCpuUsage();
  const ms = await timeOf(work);
  const { user, system } = process.threadCpuUsage(before);
  return { ms, cpuMs: (user + system) / 1_000 };
}

function row(which: string, times: readonly Timed[]): Row {
  const sorted = times.map(({ ms }) => ms).sort((a, b) => a - b);
  const cpuMs = times.reduce((sum, { cpuMs: each }) => sum + each, 0) / times.length;
  const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1]!;
  const { median } = sampleOf(sorted, "ms");
  return {
    workload: `ids and diff of ${nodeCount.toLocaleString("en")} nodes, ${which}, p95`,
    ours: sampleOf([p95], "ms"),
    must: { atMost: msMost },
    peakMemoryMb: { ours: peakMemoryMb() },
    note: `median ${median.toFixed(1)} ms, least ${sorted[0]!.toFixed(1)} ms, processor time ${cpuMs.toFixed(1)} ms`,
  };
}
