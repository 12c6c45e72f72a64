import { assert } from "@qmtl/core";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import { systemClock as clock } from "@qmtl/service/edge";
import { atr, ema, sma } from "@qmtl/sdk/indicators";
import { RunJournal, SharedRun } from "@qmtl/sdk/live";
import { OrderPublishNode } from "@qmtl/sdk/orders";
import { prepareRun } from "@qmtl/sdk/runner";
import { ProcessingNode, Strategy, StreamInput } from "@qmtl/sdk/strategy";
import { join } from "node:path";
import { minuteBars } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import type { Bench } from "../harness/row.ts";
import { peakMemoryMb, sampleOf } from "../harness/timing.ts";

/** Six nodes and an order at nearly every bar. */
class Restless extends Strategy {
  setup() {
    const price = new StreamInput({ instrument: "BTCUSDT", interval: "1m" });
    const [fast, slow, range] = [ema(price.field("close"), 5), sma(price.field("close"), 30), atr(price, 14)];
    const orders = new ProcessingNode({
      name: "orders",
      input: { fast, slow, range },
      compute: (view) => {
        const gap = view.of("fast").get("value") - view.of("slow").get("value");
        const unit = view.of("range").get("value");
        return gap === gap && unit > 0 ? [{ target_percent: Math.max(-1, Math.min(1, gap / unit)) }] : undefined;
      },
    });
    this.addNodes(price, fast, slow, range, orders, new OrderPublishNode(orders));
  }
}

const stateCount = 20_000;

class Wide extends Strategy {
  setup() {
    const price = new StreamInput({ instrument: "BTCUSDT", interval: "1m" });
    this.addNodes(price);
    for (let index = 0; index < stateCount; index++) {
      const field = price.field(index % 2 === 0 ? "close" : "high");
      this.addNodes(index % 4 < 2 ? ema(field, { period: 2 + index }) : sma(field, { period: 2 + (index % 64) }));
    }
  }
}

/** From a row of the feed to the order that leaves: nodes, sizing, the gate's question, the simulated venue. No disk. */
export const liveIntent: Bench = {
  name: "live-intent",
  summary: "tick to order intent in one process, without fsync: p99",
  async run({ quick }) {
    const frame = minuteBars(quick ? 5_000 : 30_000);
    const times: number[] = [];
    let pushedMs = 0;
    const run = runOf(Restless, frame, 1_000, RunJournal.open(":memory:", "bench"), () => {
      times.push(performance.now() - pushedMs);
    });
    for (let row = 1_000; row < frame.length; row++) {
      const values = valuesAt(frame, row);
      pushedMs = performance.now();
      run.merger.push({ stream: 0, bucketMs: frame.time[row]!, values });
    }
    requireSame("orders that left", times.length > (frame.length - 1_000) / 2, true);
    const warm = times.slice(times.length >> 2).sort((a, b) => a - b);
    const p99 = warm[Math.ceil(0.99 * warm.length) - 1]!;
    const median = warm[warm.length >> 1]!;
    return [
      {
        workload: "tick to order intent, without fsync, p99",
        ours: sampleOf([p99], "ms"),
        must: { atMost: 0.2 },
        peakMemoryMb: { ours: peakMemoryMb() },
        note: `median ${(median * 1_000).toFixed(0)} µs, ${warm.length.toLocaleString("en")} orders`,
      },
    ];
  },
};

/** From the journal on disk to the first row that is computed as if nothing had happened. */
export const liveRestart: Bench = {
  name: "live-restart",
  summary: `restart with ${stateCount.toLocaleString("en")} node states, to the first correct tick`,
  async run({ quick }) {
    const frame = minuteBars(2_000);
    const path = join(temporaryFolder(), "run.db");
    const journal = RunJournal.open(path, "bench");
    const before = runOf(Wide, frame, 1_000, journal);
    before.start(journal.read());
    for (let row = 1_000; row < 1_010; row++) {
      before.merger.push({ stream: 0, bucketMs: frame.time[row]!, values: valuesAt(frame, row) });
    }
    journal.checkpoint(before.compute.closedMs, before.compute.save());
    journal[Symbol.dispose]();
    before.merger.push({ stream: 0, bucketMs: frame.time[1_010]!, values: valuesAt(frame, 1_010) });
    const expected = before.compute.save().nodes;

    const times: number[] = [];
    for (let round = 0; round < (quick ? 2 : 7); round++) {
      const prepared = prepareRun([Wide]);
      const startedMs = performance.now();
      const reopened = RunJournal.open(path, "bench");
      const run = runOf(prepared, frame, 1_000, reopened);
      run.start(reopened.read());
      run.merger.push({ stream: 0, bucketMs: frame.time[1_010]!, values: valuesAt(frame, 1_010) });
      times.push(performance.now() - startedMs);
      requireSame("node states", JSON.stringify(run.compute.save().nodes), JSON.stringify(expected));
      reopened[Symbol.dispose]();
    }
    return [
      {
        workload: `restart with ${stateCount.toLocaleString("en")} node states, to the first correct tick`,
        ours: sampleOf(times, "ms"),
        must: { atMost: 500 },
        peakMemoryMb: { ours: peakMemoryMb() },
      },
    ];
  },
};

function runOf(
  strategy: typeof Restless | typeof Wide | ReturnType<typeof prepareRun>,
  frame: Frame,
  historyRows: number,
  journal: RunJournal,
  onSent?: () => void,
): SharedRun {
  const prepared = "graphs" in strategy ? strategy : prepareRun([strategy]);
  const [input] = prepared.plan.nodes;
  assert(input, "the strategy has a stream");
  return new SharedRun({
    prepared,
    past: new Map([[input.node.id, sliceFrame(frame, 0, historyRows)]]),
    journal,
    clock,
    orderScope: () => ({ worldId: "w", epoch: 1, strategyId: "s" }),
    admit: () => ({ allowed: true, weight: 1 }),
    onRefused: () => undefined,
    ...(onSent && { onSent }),
    onInstant: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
}

function valuesAt({ columns }: Frame, row: number): Float64Array {
  return Float64Array.from(["open", "high", "low", "close", "volume"], (field) => columns[field]![row]!);
}
