import { describe, expect, it } from "vitest";
import {
  commissionOf,
  ExecutionNode,
  FillIngestNode,
  implementationShortfall,
  MicroBatchNode,
  OrderPublishNode,
  PortfolioNode,
  PositionIntentNode,
  RouterNode,
  slippageBps,
  slippedPrice,
  TimingGateNode,
  type ExecutionOptions,
} from "./index.ts";
import type { Node } from "../strategy/node.ts";
import { OrderBench, throughStage } from "./testing/order-bench.ts";

const idOf = (make: (signal: Node) => Node) => new OrderBench(make).graph.nodes.at(-1)!.id;

describe("TimingGateNode", () => {
  const through = (time: string, options = {}) =>
    throughStage(
      (signal) => new TimingGateNode(signal, options),
      { quantity: 1 },
      { startMs: Date.parse(time) - 60_000 },
    );

  it.each([
    ["2024-01-10T15:00:00Z", undefined],
    ["2024-01-10T14:00:00Z", "pre_market"],
    ["2024-01-10T21:00:00Z", "post_market"],
    ["2024-01-13T15:00:00Z", "market_closed"],
  ])("%s: %s", (time, reason) => {
    expect(through(time)?.["reason"]).toBe(reason);
    expect(through(time)?.["rejected"]).toBe(reason === undefined ? undefined : true);
  });

  it("follows its options, which are its identity", () => {
    expect(through("2024-01-10T14:00:00Z", { allowPreMarket: true })).toEqual({ side: "BUY", quantity: 1 });
    expect(idOf((signal) => new TimingGateNode(signal, { allowPreMarket: true }))).not.toBe(
      idOf((signal) => new TimingGateNode(signal)),
    );
  });
});

describe("ExecutionNode", () => {
  const annotated = (payload: object, options: ExecutionOptions) =>
    throughStage((signal) => new ExecutionNode(signal, options), payload as never);
  const buy = { side: "BUY", quantity: 1 };
  const sell = { side: "SELL", quantity: 1 };

  it.each([
    [buy, {}, { type: "market" }],
    [buy, { type: "limit", limitOffsetBps: 50 }, { type: "limit", limit_price: 99.5 }],
    [sell, { type: "limit", limitOffsetBps: 50 }, { type: "limit", limit_price: 100.5 }],
    [buy, { type: "limit", limitOffsetBps: -50 }, { limit_price: 100.5 }],
    [{ ...buy, type: "limit", limit_price: 90 }, { limitOffsetBps: 50 }, { limit_price: 90 }],
    [buy, { timeInForce: "DAY" }, { type: "market", time_in_force: "DAY" }],
    [{ ...buy, time_in_force: "FOK" }, { timeInForce: "DAY" }, { time_in_force: "FOK" }],
    [buy, { slippageMaxBps: 20 }, { type: "limit", limit_price: 100.2, time_in_force: "IOC" }],
    [sell, { slippageMaxBps: 20, timeInForce: "GTC" }, { limit_price: 99.8, time_in_force: "IOC" }],
    [{ ...buy, type: "stop", stop_price: 105 }, { slippageMaxBps: 20 }, { type: "stop", stop_price: 105 }],
    [buy, { stopLossPercent: 0.02, takeProfitPercent: 0.05 }, { stop_loss: 98, take_profit: 105 }],
    [sell, { stopLossPercent: 0.02, takeProfitPercent: 0.05 }, { stop_loss: 102, take_profit: 95 }],
    [{ ...buy, stop_loss: 97 }, { stopLossPercent: 0.02 }, { stop_loss: 97 }],
    [{ target_percent: -0.1 }, { slippageMaxBps: 20 }, { target_percent: -0.1, limit_price: 99.8 }],
  ])("%j with %j: %j", (payload, options, expected) => {
    const order = annotated(payload, options as ExecutionOptions)!;
    for (const [field, value] of Object.entries(expected)) {
      if (typeof value === "number") expect(order[field]).toBeCloseTo(value, 12);
      else expect(order[field]).toBe(value);
    }
  });

  it("gives exits to orders that open, not to exits", () => {
    let execution!: ExecutionNode;
    const bench = new OrderBench((signal) => {
      execution = new ExecutionNode(signal, { stopLossPercent: 0.5 });
      return [execution, new OrderPublishNode(execution)];
    });
    bench.close([100], [buy]).close([100], [sell, { side: "SELL", quantity: 3 }]);
    expect(bench.recordsOf(execution).map((order) => order["stop_loss"])).toEqual([50, undefined, 150]);
  });

  it("does not fill beyond the slippage it allows, nor charge anything itself", () => {
    const run = (open: number) => {
      const bench = new OrderBench((signal) => {
        const execution = new ExecutionNode(signal, { slippageMaxBps: 100 });
        return [execution, new OrderPublishNode(execution)];
      });
      bench
        .close([100], [buy])
        .close([[open, open, open, open]])
        .close([open]);
      return bench.broker.fills.toArray().map(({ price, fee, slippage }) => [price, fee, slippage]);
    };
    expect(run(100.5)).toEqual([[100.5, 0, 0]]);
    expect(run(101.5)).toEqual([]);
  });

  it("checks its options, which are its identity", () => {
    expect(() => annotated(buy, { type: "limt" as never })).toThrow("type must be one of market, limit");
    expect(() => annotated(buy, { slippageMaxBps: -1 })).toThrow("slippageMaxBps must be a number >= 0");
    expect(() => annotated(buy, { slipageMaxBps: 1 } as never)).toThrow('has no option "slipageMaxBps"');
    const variants: ExecutionOptions[] = [
      {},
      { type: "limit" },
      { limitOffsetBps: 1 },
      { timeInForce: "DAY" },
      { slippageMaxBps: 1 },
      { stopLossPercent: 0.1 },
      { takeProfitPercent: 0.1 },
    ];
    expect(new Set(variants.map((options) => idOf((signal) => new ExecutionNode(signal, options)))).size).toBe(7);
    let execution!: ExecutionNode;
    const bench = new OrderBench((signal) => (execution = new ExecutionNode(signal, { slippageMaxBps: 1 })), {
      instruments: [{ symbol: "A" }, { symbol: "B" }],
    });
    bench.close([100, undefined], [{ symbol: "B", quantity: 1 }]);
    expect(bench.recordsOf(execution)[0]).toMatchObject({ rejected: true, reason: "price_unknown" });
  });
});

describe("RouterNode", () => {
  const bySize = (payload: Readonly<Record<string, unknown>>, params: { readonly big: number }) => {
    if (payload["quantity"] === 0) return undefined;
    return (payload["quantity"] as number) > params.big ? "block" : "lit";
  };

  it("writes the route, and drops what has none", () => {
    const route = (quantity: number) =>
      throughStage((signal) => new RouterNode(signal, { route: bySize, params: { big: 10 } }), { quantity });
    expect(route(5)).toEqual({ quantity: 5, route: "lit" });
    expect(route(50)).toEqual({ quantity: 50, route: "block" });
    expect(route(0)).toBeUndefined();
  });

  it("is identified by code and parameters", () => {
    const id = (big: number) => idOf((signal) => new RouterNode(signal, { route: bySize, params: { big } }));
    expect(id(10)).toBe(id(10));
    expect(id(10)).not.toBe(id(11));
    const other = idOf(
      (signal) => new RouterNode(signal, { route: (_payload, _params) => "lit", params: { big: 10 } }),
    );
    expect(other).not.toBe(id(10));
  });

  it("refuses functions that read what they were not given, and routes that are no names", () => {
    const captured = { name: "lit" };
    expect(() => idOf((signal) => new RouterNode(signal, { route: () => captured.name }))).toThrow(
      expect.objectContaining({ code: "CODE_CAPTURE" }),
    );
    expect(() => idOf((signal) => new RouterNode(signal, { route: "lit" as never }))).toThrow(
      "route must be a function",
    );
    expect(() =>
      throughStage((signal) => new RouterNode(signal, { route: () => 7 as never }), { quantity: 1 }),
    ).toThrow("must be text or undefined; found 7");
  });
});

describe("MicroBatchNode", () => {
  const batched = (closes?: number) => {
    let batch!: MicroBatchNode;
    const bench = new OrderBench((signal) => {
      batch = new MicroBatchNode(signal, closes === undefined ? {} : { closes });
      return [batch, new OrderPublishNode(batch)];
    });
    return { bench, count: () => bench.recordsOf(batch).length };
  };

  it("releases what came at a close together, after all of it", () => {
    const { bench, count } = batched();
    bench.open([100]).deliver({ quantity: 1 }).deliver({ quantity: 2 });
    expect(count()).toBe(0);
    bench.end();
    expect(count()).toBe(2);
    expect(bench.broker.orders.toArray().map(({ quantity }) => quantity)).toEqual([1, 2]);
    bench.close([100]);
    expect(count()).toBe(2);
  });

  it("gathers several closes, counted from the first payload, over a cut", () => {
    const { bench, count } = batched(3);
    bench
      .close([100])
      .close([100], [{ quantity: 1 }])
      .cut()
      .close([100], [{ quantity: 2 }]);
    expect(count()).toBe(0);
    bench.close([100]);
    expect(count()).toBe(2);
    expect(() => batched(0)).toThrow("closes must be a whole number >= 1; found 0");
    expect(idOf((signal) => new MicroBatchNode(signal, { closes: 2 }))).not.toBe(
      idOf((signal) => new MicroBatchNode(signal)),
    );
  });
});

describe("fills and portfolio", () => {
  const wired = (marketFill: "next_open" | "same_close") => {
    let fills!: FillIngestNode;
    let portfolio!: PortfolioNode;
    const bench = new OrderBench(
      (signal) => {
        const publish = new OrderPublishNode(signal);
        fills = new FillIngestNode(publish);
        portfolio = new PortfolioNode(fills);
        return [publish, fills, portfolio];
      },
      { broker: { cash: 10_000, marketFill, fees: { kind: "fixed", amount: 1 } } },
    );
    return { bench, fills: () => bench.recordsOf(fills), snapshots: () => bench.recordsOf(portfolio) };
  };

  it("record each fill once, at the close of its bar, and the account after it", () => {
    const { bench, fills, snapshots } = wired("next_open");
    const start = bench.nowMs;
    bench.close([100], [{ quantity: -10 }]);
    expect(fills()).toEqual([]);
    bench
      .close([[100, 110, 100, 110]])
      .cut()
      .close([120]);
    expect(fills()).toEqual([
      {
        order_id: 1,
        symbol: "A",
        side: "SELL",
        quantity: 10,
        price: 100,
        commission: 1,
        slippage: 0,
        fill_time: start + 60_000,
        seq: 1,
      },
    ]);
    // A short sale of 10 at 100: cash 10,000 + 1,000 - 1, worth -1,100 at 110.
    expect(snapshots()).toEqual([
      { as_of: start + 120_000, cash: 10_999, equity: 9_899, positions: { A: { qty: -10, avg_cost: 100, mark: 110 } } },
    ]);
    bench.close([120], [{ quantity: 10 }]).close([120]);
    expect(snapshots().at(-1)).toMatchObject({ cash: 9_798, positions: {} });
    expect(snapshots()).toHaveLength(2);
  });

  it("show a close what was known before its own orders", () => {
    const { bench, fills } = wired("same_close");
    bench.close([100], [{ quantity: 1 }]);
    expect(bench.broker.fills.length).toBe(1);
    expect(fills()).toEqual([]);
    bench.close([100]);
    expect(fills()).toHaveLength(1);
  });

  it("stand where they belong", () => {
    const bench = (make: (signal: Node) => Node) => () => new OrderBench(make);
    expect(bench((signal) => new FillIngestNode(signal as never))).toThrow("fills come after an OrderPublishNode");
    expect(bench((signal) => new PortfolioNode(signal as never))).toThrow("a portfolio comes after a FillIngestNode");
  });
});

describe("PositionIntentNode", () => {
  const thresholds = { longEnter: 1, longExit: 0.25, shortEnter: -1, shortExit: -0.25 };

  it("enters beyond one limit, leaves past another, and speaks only of changes", () => {
    let intent!: PositionIntentNode;
    const bench = new OrderBench((signal) => {
      intent = new PositionIntentNode(signal, { thresholds, symbol: "A", long: 0.5 });
      return intent;
    });
    const signals = [0.9, 1, 0.5, 0.2, 0.9, -1.5, -0.3, -0.2, 1, -1];
    signals.forEach((close, index) => {
      bench.close([100], [{ open: 0, close }]);
      if (index % 3 === 1) bench.cut();
    });
    expect(bench.recordsOf(intent).map((order) => [order["target_percent"], order["reason"]])).toEqual([
      [0.5, "long_enter"],
      [0, "exit"],
      [-1, "short_enter"],
      [0, "exit"],
      [0.5, "long_enter"],
      [-1, "short_enter"],
    ]);
  });

  it("can aim at units, and keeps its options in its identity", () => {
    const make = (options: object) => (signal: Node) => new PositionIntentNode(signal, { thresholds, ...options });
    expect(throughStage(make({ unit: "quantity", long: 5 }), { close: 2 })).toEqual({
      target_quantity: 5,
      reason: "long_enter",
    });
    const variants = [
      {},
      { unit: "quantity" },
      { long: 2 },
      { short: 0 },
      { flat: 0.1 },
      { symbol: "A" },
      { thresholds: { ...thresholds, longEnter: 2 } },
    ];
    expect(new Set(variants.map((options) => idOf(make(options)))).size).toBe(variants.length);
    expect(() => idOf(make({ thresholds: { ...thresholds, longExit: 2 } }))).toThrow("thresholds must keep");
    expect(() => idOf(make({ thresholds: undefined }))).toThrow("thresholds must keep");
    expect(() => idOf(make({ unit: "percents" }))).toThrow('unit must be "percent" or "quantity"');
  });
});

describe("costs of an execution", () => {
  it("charge at least the minimum", () => {
    expect(commissionOf(50_000)).toBe(50);
    expect(commissionOf(-100)).toBe(1);
    expect(commissionOf(1_000, { rate: 0.01, minimum: 0 })).toBe(10);
  });

  it("count basis points of the price one can trade at, once", () => {
    expect(slippedPrice(100, "BUY", 25)).toBeCloseTo(100.25, 12);
    expect(slippedPrice(100, "SELL", 25)).toBeCloseTo(99.75, 12);
    expect(slippageBps(100.25, 100, "BUY")).toBeCloseTo(25, 9);
    expect(slippageBps(100.25, 100, "SELL")).toBeCloseTo(-25, 9);
    const fill = { side: "SELL", quantity: 10, price: 99, fee: 2 } as const;
    expect(implementationShortfall(fill, 100)).toBe(12);
  });
});
