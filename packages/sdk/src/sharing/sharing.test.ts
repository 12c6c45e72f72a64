import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { openEmbeddedQueues, type EmbeddedQueues } from "@qmtl/bus";
import { computeContextOf, computeKey, type NodeId } from "@qmtl/core";
import type { Fill } from "@qmtl/engine/broker";
import { sliceFrame } from "@qmtl/engine/frame";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../edge/system-clock.ts";
import { loadFrame } from "../history/index.ts";
import { atr, ema, sma } from "../indicators/index.ts";
import { RunJournal, SharedRun } from "../live/index.ts";
import { OrderPublishNode } from "../orders/index.ts";
import { prepareRun } from "../runner/offline.ts";
import { ProcessingNode, Strategy, StreamInput } from "../strategy/index.ts";
import { NodeSharing, type NodeExchange, type SharedNodeAddress } from "./index.ts";
import { decodeRow, encodeRow, rowHash } from "./row-payload.ts";

const bars = fileURLToPath(new URL("../../../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));
const { frame } = await loadFrame(bars, { fields: ["open", "high", "low", "close", "volume"] });
const historyRows = 200;

/** Nine nodes, of which every strategy with another threshold shares eight. */
class Shared extends Strategy<{ threshold: number }> {
  static override readonly defaults = { threshold: 1 };
  setup() {
    const price = new StreamInput({ instrument: "BTCUSDT", interval: "1m", tags: ["btc"] });
    const [fast, slow] = [ema(price.field("close"), 5), sma(price.field("close"), 30)];
    const smooth = ema(fast, 3);
    const range = atr(price, 14);
    const orders = new ProcessingNode({
      name: "orders",
      input: { smooth, slow, range },
      params: { threshold: this.params.threshold },
      compute: (view, { threshold }) => {
        const gap = view.of("smooth").get("value") - view.of("slow").get("value");
        const unit = view.of("range").get("value") * threshold;
        return gap > unit ? [{ target_percent: 0.5 }] : gap < -unit ? [{ target_percent: -0.25 }] : undefined;
      },
    });
    this.addNodes(price, fast, slow, smooth, range, orders, new OrderPublishNode(orders));
  }
}

const prepared = (threshold: number) => prepareRun([Shared], { threshold });
const addressesOf = (strategy: ReturnType<typeof prepared>): ReadonlyMap<NodeId, SharedNodeAddress> => {
  const context = computeContextOf({ worldId: "w" });
  const nodes = strategy.graphs[0]!.nodes.filter(({ node }) => !(node instanceof StreamInput));
  return new Map(nodes.map(({ id }) => [id, { id, key: computeKey(id, context), topic: `w.live.${id.slice(7, 19)}` }]));
};

let queues: EmbeddedQueues;
const processes: Process[] = [];

beforeEach(async () => {
  queues = await openEmbeddedQueues({ path: ":memory:", clock: systemClock, ids: { next: randomUUID } });
  for (const threshold of [1, 2]) {
    for (const { topic } of addressesOf(prepared(threshold)).values()) {
      await queues.dataLog.ensureTopic(topic, { partitions: 1, retentionMs: 86_400_000 });
    }
  }
});
afterEach(async () => {
  for (const each of processes.splice(0)) await each.die();
  await queues.close();
});

/** The exchange a process has; a dead process has none. */
function exchangeOf(isAlive: () => boolean): NodeExchange {
  const alive = (): void => {
    if (!isAlive()) throw new Error("the process is dead");
  };
  return {
    async lease(key, holder, ttlMs, token) {
      alive();
      if (token !== undefined) return { granted: true, token, ...(await queues.leases.renew(key, token, ttlMs)) };
      const answer = await queues.leases.acquire(key, holder, ttlMs);
      if (answer.kind === "granted") return { granted: true, ...answer };
      return { granted: false, heldBy: answer.by, expiresInMs: answer.expiresInMs };
    },
    async release(key, _, token) {
      alive();
      await queues.leases.release(key, token);
    },
    async append(topic, records) {
      alive();
      const written = records.map((record) => ({ ...record, payload: JSON.stringify(record.payload) }));
      await queues.dataLog.append(topic, written);
    },
    async read(topic, fromOffset, limit, waitMs) {
      alive();
      let records = await queues.dataLog.read(topic, fromOffset, limit);
      for (let waited = 0; records.length === 0 && waited < waitMs && isAlive(); waited += 5) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        records = await queues.dataLog.read(topic, fromOffset, limit);
      }
      const nextOffset = records.length === 0 ? fromOffset : records.at(-1)!.offset + 1;
      return {
        nextOffset,
        records: records.map((record) => ({ ...record, payload: JSON.parse(record.payload) as unknown })),
      };
    },
  };
}

/** One runner as a process has it: rows of its own feed, everything else over the exchange. */
class Process {
  readonly run: SharedRun;
  readonly sharing: NodeSharing;
  readonly fills: Fill[] = [];
  readonly read: number[] = [];
  isAlive = true;
  #fed = historyRows;

  constructor(threshold: number, journal = RunJournal.open(":memory:", String(threshold))) {
    const strategy = prepared(threshold);
    const [input] = strategy.plan.nodes;
    this.run = new SharedRun({
      prepared: strategy,
      past: new Map([[input!.node.id, sliceFrame(frame, 0, historyRows)]]),
      journal,
      clock: systemClock,
      orderScope: () => ({ worldId: "w", epoch: 1, strategyId: String(threshold) }),
      admit: () => ({ allowed: true, weight: 1 }),
      onRefused: () => undefined,
      onInstant: (closeMs, rows, step) => {
        journal.commit([{ closeMs, rows, ...step, equity: this.run.compute.account.broker.account.equity }]);
        this.run.send();
        this.fills.push(...step.fills.map(({ fill }) => fill));
      },
      onFailure: (error) => {
        throw error;
      },
    });
    this.run.start(journal.read());
    const exchange = exchangeOf(() => this.isAlive);
    this.sharing = new NodeSharing({
      exchange,
      clock: systemClock,
      holder: randomUUID(),
      graph: strategy.graphs[0]!,
      addresses: addressesOf(strategy),
      ttlMs: 600,
      fieldsOf: (node) => this.run.fieldsOf(node),
      closedMs: () => this.run.compute.closedMs,
      onSharing: (sharing) => {
        if (!this.isAlive) return;
        this.read.push(sharing.split.read.size);
        this.run.share(sharing, exchange);
      },
    });
    processes.push(this);
  }

  /** The next rows of the feed. */
  feed(toRow: number): void {
    for (; this.#fed < toRow && this.isAlive; this.#fed++) {
      const values = Float64Array.from(
        this.run.compute.streams[0]!.fields,
        (field) => frame.columns[field]![this.#fed]!,
      );
      this.run.merger.push({ stream: 0, bucketMs: frame.time[this.#fed]!, values });
    }
  }

  async caughtUp(): Promise<void> {
    await vi.waitFor(() => expect(this.run.compute.closedMs).toBe(frame.time[this.#fed - 1]! + 60_000), 20_000);
  }

  /** As a process killed: nothing is given back, nothing is said. */
  async die(): Promise<void> {
    this.isAlive = false;
    await this.sharing.close();
    await this.run.close();
  }
}

/** What a run of its own would have traded. */
async function alone(threshold: number, toRow: number): Promise<readonly Fill[]> {
  const strategy = prepared(threshold);
  const fills: Fill[] = [];
  const run: SharedRun = new SharedRun({
    prepared: strategy,
    past: new Map([[strategy.plan.nodes[0]!.node.id, sliceFrame(frame, 0, historyRows)]]),
    journal: RunJournal.open(":memory:", "alone"),
    clock: systemClock,
    orderScope: () => ({ worldId: "w", epoch: 1, strategyId: String(threshold) }),
    admit: () => ({ allowed: true, weight: 1 }),
    onRefused: () => undefined,
    onInstant: (_, __, step) => fills.push(...step.fills.map(({ fill }) => fill)),
    onFailure: (error) => {
      throw error;
    },
  });
  run.start({ checkpoint: undefined, instants: [], clientOrderIds: new Map() });
  for (let row = historyRows; row < toRow; row++) {
    const values = Float64Array.from(run.compute.streams[0]!.fields, (field) => frame.columns[field]![row]!);
    run.merger.push({ stream: 0, bucketMs: frame.time[row]!, values });
  }
  return fills;
}

describe("two processes that share nodes", () => {
  it("compute each once: the first computes, the second reads, and both trade as if alone", async () => {
    const first = new Process(1);
    await vi.waitFor(() => expect(first.read).toEqual([0]));
    first.feed(260);
    const second = new Process(2);
    second.feed(260);
    await vi.waitFor(() => expect(second.read.at(-1)).toBe(3), 5_000);
    for (let row = 270; row <= 700; row += 10) {
      first.feed(row);
      second.feed(row);
      // Either may have the lease: a busy machine can be late to renew it.
      await Promise.all([first.caughtUp(), second.caughtUp()]);
    }
    expect(first.fills).toEqual(await alone(1, 700));
    expect(second.fills).toEqual(await alone(2, 700));
    expect(first.fills.length).toBeGreaterThan(5);
  });

  it("hand over when the first is killed: the second goes on without a gap, and every bucket has one record (X-1)", async () => {
    const first = new Process(1);
    await vi.waitFor(() => expect(first.read).toEqual([0]));
    first.feed(220);
    const second = new Process(2);
    second.feed(220);
    await vi.waitFor(() => expect(second.read.at(-1)).toBe(3), 5_000);
    first.feed(400);
    second.feed(400);
    await second.caughtUp();
    first.feed(403); // computed, and maybe sent, when the process dies
    await first.die();
    second.feed(500);
    await second.caughtUp();
    await vi.waitFor(() => expect(second.run.isDrained).toBe(true));
    expect(second.read.at(-1)).toBe(0);
    expect(second.fills).toEqual(await alone(2, 500));
    for (const { id, topic } of addressesOf(prepared(2)).values()) {
      const records = await queues.dataLog.read(topic, 0, 10_000);
      const buckets = records.map(({ bucketMs }) => bucketMs);
      expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
      if (buckets.length === 0) continue;
      // Without a gap from its first bucket on.
      expect(buckets.length).toBe((buckets.at(-1)! - buckets[0]!) / 60_000 + 1);
      const tokens = records.map(({ token }) => token);
      expect(tokens, id).toEqual([...tokens].sort((a, b) => a - b));
    }
  });
});

describe("a row on its way", () => {
  it("keeps every bit: NaN, the sign of zero, the last digit", () => {
    const values = [Number.NaN, -0, 0.1 + 0.2, Number.MIN_VALUE, -Infinity];
    const row = encodeRow(["a", "b", "c", "d", "e"], values);
    expect([...decodeRow(JSON.parse(JSON.stringify(row)), ["a", "b", "c", "d", "e"])]).toEqual(values);
    expect([...decodeRow(row, ["c", "z"])]).toEqual([0.1 + 0.2, Number.NaN]);
    expect(rowHash("k", 1, row)).not.toBe(
      rowHash("k", 1, encodeRow(["a", "b", "c", "d", "e"], [Number.NaN, 0, ...values.slice(2)])),
    );
  });

  it.each([[null], [{}], [{ fields: ["a"], values: "AA==" }], ["text"]])("refuses %j", (payload) => {
    expect(() => decodeRow(payload, ["a"])).toThrow("a shared row must have fields and values");
  });
});
