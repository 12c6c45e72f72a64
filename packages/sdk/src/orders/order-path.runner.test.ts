import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import { sma } from "../indicators/index.ts";
import { compose, microBatch, nodeSets, orderPublish, pretrade } from "../node-sets/index.ts";
import { Runner } from "../runner/index.ts";
import { resultDigests } from "../runs/index.ts";
import { ProcessingNode, Strategy, StreamInput } from "../strategy/index.ts";
import {
  OrderPublishNode,
  PositionIntentNode,
  preTradeCounts,
  PreTradeGateNode,
  SizingNode,
  tradeSignal,
} from "./index.ts";

const minute = 60_000;
const start = Date.parse("2024-01-10T14:00:00Z"); // half an hour before New York opens

function frameOf(closes: readonly number[]): Frame {
  const close = Float64Array.from(closes);
  const open = Float64Array.from(closes, (_, row) => closes[Math.max(0, row - 1)]!);
  const high = close.map((value, row) => Math.max(value, open[row]!));
  const low = close.map((value, row) => Math.min(value, open[row]!));
  const time = Float64Array.from(closes, (_, row) => start + row * minute);
  const volume = close.map(() => 1_000);
  return { intervalMs: minute, length: close.length, time, columns: { open, high, low, close, volume } };
}

/** Two markets, orders of every kind drawn from the last digits of the prices, through everything there is. */
class Everything extends Strategy {
  setup() {
    const a = new StreamInput({ instrument: "A", interval: "1m" });
    const b = new StreamInput({ instrument: { symbol: "B", lotSize: "0.5", tickSize: "0.01" }, interval: "1m" });
    const orders = new ProcessingNode({
      name: "orders",
      input: { a, b },
      compute: (view) => {
        const draw = Math.floor((view.of("a").get("close") + view.of("b").get("close")) * 1_000);
        const symbol = draw % 2 === 0 ? "A" : "B";
        const size = ((draw % 41) - 20) / 20;
        switch (draw % 7) {
          case 0:
            return undefined;
          case 1:
            return [
              { symbol, percent: size },
              { symbol, target_percent: size / 2 },
            ];
          case 2:
            return [{ symbol, quantity: size * 200, order_type: "limit", price: view.of("a").get("close") * 0.999 }];
          case 3:
            return [{ symbol: "C", quantity: 1 }];
          default:
            return [{ symbol, action: size > 0 ? "BUY" : size < 0 ? "SELL" : "HOLD", size: 25 }];
        }
      },
    });
    this.addNodes(
      a,
      b,
      orders,
      nodeSets.make("order_pipeline", orders, {
        pretrade: { activation: { A: { enabled: true }, B: { enabled: true, weight: 0.5 } }, shortable: { A: true } },
        timing: {},
        microBatch: { closes: 2 },
        sizing: { activation: { A: { enabled: true }, B: { enabled: true, weight: 0.5 } } },
        risk: { positionSizeLimitPercent: 0.5, maxConcentrationPercent: null, maxLeverage: 1 },
        execution: { stopLossPercent: 0.01, takeProfitPercent: 0.02, slippageMaxBps: 30 },
      }),
    );
  }
}

const broker = { fees: { kind: "percent", rate: 0.0005 }, initialMargin: 0.2 } as const;
const hash = (result: Parameters<typeof resultDigests>[0]) => resultDigests(result).hash;

describe("the order path in a run", () => {
  it("ends the same, byte for byte, in batch, in stream and cut into sessions", async () => {
    let fills = 0;
    const closes = (level: number) =>
      fc
        .array(fc.integer({ min: -800, max: 800 }), { minLength: 60, maxLength: 160 })
        .map((steps) => steps.reduce<number[]>((all, step) => [...all, all.at(-1)! * (1 + step / 1e5)], [level]));
    await fc.assert(
      fc.asyncProperty(closes(100), closes(40), fc.integer({ min: 5, max: 50 }), async (a, b, cut) => {
        const data = { A: frameOf(a), B: frameOf(b) };
        const batch = await Runner.offline(Everything, { data, broker });
        const stream = await Runner.offline(Everything, { data, broker, executor: "stream" });
        expect(hash(stream)).toBe(hash(batch));
        await using session = await Runner.session(Everything, {
          data: { A: sliceFrame(data.A, 0, cut), B: sliceFrame(data.B, 0, cut) },
          broker,
        });
        session.append({ A: sliceFrame(data.A, cut, a.length), B: sliceFrame(data.B, cut, b.length) });
        expect(hash(session.result())).toBe(hash(batch));
        expect(batch.equity.every((value) => Number.isFinite(value))).toBe(true);
        fills += batch.fills.length;
      }),
      { numRuns: 25 },
    );
    expect(fills).toBeGreaterThan(200);
  });

  it("keeps what every stage said, refusals with their reasons", async () => {
    const data = { A: frameOf(wave(120, 100)), B: frameOf(wave(120, 40)) };
    const result = await Runner.offline(Everything, { data, broker });
    const payloadsOf = (type: string) =>
      (result.columns.get(result.nodes.find((node) => node.type === type)!.id)!.payloads ?? []) as readonly Record<
        string,
        unknown
      >[];
    const counts = preTradeCounts(payloadsOf("PreTradeGateNode") as never);
    expect(counts.byReason).toHaveProperty("symbol_validation_failed");
    expect(counts.byReason).toHaveProperty("not_shortable");
    expect(counts.attempts).toBe(payloadsOf("PreTradeGateNode").length);
    expect(payloadsOf("TimingGateNode").some((order) => order["reason"] === "pre_market")).toBe(true);
    expect(payloadsOf("RiskControlNode").some((order) => order["risk_adjusted"] === true)).toBe(true);
    expect(payloadsOf("FillIngestNode")).toHaveLength(result.fills.length);
    const snapshot = payloadsOf("PortfolioNode").at(-1)!;
    const row = result.times.indexOf(snapshot["as_of"] as number);
    expect(snapshot["cash"]).toBe(result.cash[row]);
    expect(snapshot["equity"]).toBe(result.equity[row]);
    // No order before the market opened, and the batch of the first close waited for a second one.
    expect(Math.min(...result.orders.map((order) => order.submittedMs))).toBeGreaterThan(start + 30 * minute);
  });

  it("explains why nothing was traded", async () => {
    class Blocked extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "A", interval: "1m" });
        const signal = tradeSignal(sma(price, 2), { longThreshold: 0, shortThreshold: -1 });
        const chain = compose(signal, [pretrade({ activation: {} }), orderPublish()]);
        this.addNodes(price, signal.inputs, signal, chain);
      }
    }
    const result = await Runner.offline(Blocked, { data: frameOf(wave(20, 100)) });
    expect(result.fills).toEqual([]);
    expect(result.zeroTradeReasons).toContain('stage "pretrade" refused 19 orders: activation_unknown');
  });

  it("trades signals with thresholds, at prices worked out by hand", async () => {
    class Signals extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "A", interval: "1m" });
        const signal = tradeSignal(price, { longThreshold: 105, shortThreshold: 95, size: 2 });
        this.addNodes(price, signal, compose(signal, [orderPublish()]));
      }
    }
    const result = await Runner.offline(Signals, {
      data: frameOf([100, 106, 100, 94, 100, 100]),
      broker: { cash: 1_000 },
    });
    // Each fills at the next open, which is the close before it.
    expect(result.fills.map(({ side, quantity, price }) => [side, quantity, price])).toEqual([
      ["BUY", 2, 106],
      ["SELL", 2, 94],
    ]);
    expect(result.equity.at(-1)).toBe(1_000 - 24);
  });

  it("shares what is equal, and not what differs in an option", async () => {
    const price = new StreamInput({ instrument: "A", interval: "1m" });
    const thresholds = { longEnter: 1, longExit: 0, shortEnter: -1, shortExit: 0 };
    const make = (weight: number) =>
      class extends Strategy {
        setup() {
          const intent = new PositionIntentNode(price, { thresholds });
          const sizing = new SizingNode(intent, { weight });
          this.addNodes(price, intent, sizing, new PreTradeGateNode(sizing), microBatch()(sizing));
        }
      };
    const results = await Runner.offline([make(0.5), make(0.5), make(0.6)], { data: frameOf(wave(5, 100)) });
    const [first, same, other] = results.map((result) => new Set(result.nodes.map((node) => node.id)));
    expect([...first!].every((id) => same!.has(id))).toBe(true);
    expect([...first!].filter((id) => other!.has(id))).toHaveLength(2); // price and intent
  });
});

function wave(rows: number, level: number): readonly number[] {
  return Array.from({ length: rows }, (_, row) => level * (1 + 0.03 * Math.sin(row / 5) + 0.001 * (row % 7)));
}

it("sends the orders of equal stages once: nodes with equal ids are one node", async () => {
  class Twice extends Strategy {
    setup() {
      const price = new StreamInput({ instrument: "A", interval: "1m" });
      const buy = new ProcessingNode({
        input: price,
        compute: (view) => (view.value === 12 ? { side: "BUY", quantity: 1 } : undefined),
      });
      const paths = [1, 2].map(() => {
        const sized = new SizingNode(buy);
        return [sized, new OrderPublishNode(sized)];
      });
      this.addNodes(price, buy, paths);
    }
  }
  for (const executor of ["batch", "stream"] as const) {
    const result = await Runner.offline(Twice, { data: frameOf([10, 11, 12, 13]), executor });
    expect(result.orders).toHaveLength(1);
    expect(result.nodes.map((node) => node.rows)).toEqual([4, 1, 1, 1]);
  }
});
