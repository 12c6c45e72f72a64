import { describe, expect, it } from "vitest";
import { OrderPublishNode, preTradeCounts, PreTradeGateNode, type PreTradeGateOptions } from "./index.ts";
import { OrderBench, throughStage, type BenchOptions } from "./testing/order-bench.ts";

const buy = { side: "BUY", quantity: 10 };
const sell = { side: "SELL", quantity: 10 };

function gated(payload: object, options: PreTradeGateOptions = {}, bench: BenchOptions & { price?: number } = {}) {
  const record = throughStage((signal) => new PreTradeGateNode(signal, options), payload as never, bench)!;
  return record["rejected"] === true ? record["reason"] : "allowed";
}

/** A gate that publishes, on an account that was given bars and orders before. */
function account(options: PreTradeGateOptions, bench: BenchOptions = {}) {
  let gate!: PreTradeGateNode;
  const made = new OrderBench((signal) => {
    gate = new PreTradeGateNode(signal, options);
    return [gate, new OrderPublishNode(gate)];
  }, bench);
  const reasons = () => made.recordsOf(gate).map((record) => record["reason"] ?? "allowed");
  return { bench: made, reasons, records: () => made.recordsOf(gate) };
}

describe("PreTradeGateNode", () => {
  it("passes orders on as they are, normalised, and drops holds", () => {
    const gate = (payload: object) => throughStage((signal) => new PreTradeGateNode(signal), payload as never);
    expect(gate({ action: "BUY", size: 2 })).toEqual({ side: "BUY", quantity: 2 });
    expect(gate({ action: "HOLD", size: 2 })).toBeUndefined();
  });

  it("denies by default once an activation map is given", () => {
    expect(gated(buy)).toBe("allowed");
    expect(gated(buy, { activation: { A: { enabled: true } } })).toBe("allowed");
    expect(gated(buy, { activation: {} })).toBe("activation_unknown");
    expect(gated(buy, { activation: { A: { enabled: false, reason: "halted by an operator" } } })).toBe(
      "activation_disabled",
    );
    const sides = { A: { enabled: true, long: { active: true, drain: true }, short: { active: false } } };
    expect(gated(buy, { activation: sides })).toBe("activation_disabled");
    expect(gated(sell, { activation: sides })).toBe("activation_disabled");
    const { bench, records } = account({ activation: { A: { enabled: false, reason: "halted by an operator" } } });
    bench.close([100], [buy]);
    expect(records()[0]).toMatchObject({ ...buy, rejected: true, detail: "halted by an operator" });
    expect(bench.broker.orders.length).toBe(0);
  });

  it.each([
    [{ ...buy, quantity: "ten" }],
    [{ ...buy, limit_prise: 5 }],
    [{ side: "LONG", quantity: 1 }],
    [{ side: "BUY" }],
  ])("finds %j invalid", (payload) => {
    expect(gated(payload)).toBe("invalid_order");
  });

  it("validates symbols: unknown ones, lots, ticks, notional", () => {
    const instruments = [{ symbol: "A", lotSize: "5", tickSize: "0.5", notionalMin: "800" }];
    const exact = { exactGrid: true };
    const limit = { ...buy, type: "limit", limit_price: 99.5 };
    expect(gated({ ...buy, symbol: "B" })).toBe("symbol_validation_failed");
    expect(gated(buy, exact, { instruments })).toBe("allowed");
    expect(gated(limit, exact, { instruments })).toBe("allowed");
    expect(gated({ ...buy, quantity: 4 }, {}, { instruments })).toBe("symbol_validation_failed"); // less than a lot
    expect(gated({ ...buy, quantity: 12 }, {}, { instruments })).toBe("allowed"); // the broker snaps to 10
    expect(gated({ ...buy, quantity: 12 }, exact, { instruments })).toBe("symbol_validation_failed");
    expect(gated({ ...limit, limit_price: 99.7 }, exact, { instruments })).toBe("symbol_validation_failed");
    expect(gated({ ...buy, quantity: 5 }, {}, { instruments })).toBe("symbol_validation_failed"); // 500 < 800
  });

  it("keeps trading hours, in the market's own time zone", () => {
    const at = (time: string) => ({ startMs: Date.parse(time) - 60_000 });
    const timing = {};
    expect(gated(buy, { timing }, at("2024-01-10T14:30:00Z"))).toBe("allowed"); // 9:30 in winter
    expect(gated(buy, { timing }, at("2024-07-10T14:00:00Z"))).toBe("allowed"); // 10:00 in summer
    expect(gated(buy, { timing }, at("2024-01-10T14:00:00Z"))).toBe("market_closed"); // 9:00 in winter
    expect(gated(buy, { timing: { allowPreMarket: true } }, at("2024-01-10T14:00:00Z"))).toBe("allowed");
    expect(gated(buy, { timing }, at("2024-12-25T16:00:00Z"))).toBe("market_closed");
  });

  it("calls a sale short only where it takes the position below zero", () => {
    const noShorts = account({ shortable: false });
    noShorts.bench.close([100], [buy]).close([100], [{ ...sell, quantity: 6 }, { ...sell, quantity: 6 }, sell]);
    // The second sale would sell what the first one has sold already.
    expect(noShorts.reasons()).toEqual(["allowed", "allowed", "not_shortable", "not_shortable"]);
    expect(gated(sell, { shortable: { A: 10 } })).toBe("allowed");
    expect(gated({ ...sell, quantity: 11 }, { shortable: { A: 10 } })).toBe("not_shortable");
    expect(gated(sell, { shortable: { B: true } })).toBe("not_shortable");
    expect(gated({ target_quantity: -1 }, { shortable: false })).toBe("not_shortable");
    expect(gated({ target_quantity: 1 }, { shortable: false })).toBe("allowed");
  });

  it("counts money that open orders bind", () => {
    const broker = { cash: 10_000 };
    const all = { ...buy, quantity: 100 };
    expect(gated(all, { buyingPower: {} }, { broker })).toBe("allowed");
    expect(gated({ ...all, quantity: 100.01 }, { buyingPower: {} }, { broker })).toBe("insufficient_buying_power");
    expect(gated({ ...all, quantity: 200 }, { buyingPower: { leverage: 2 } }, { broker })).toBe("allowed");
    expect(gated(all, { buyingPower: { reserve: 0.1 } }, { broker })).toBe("insufficient_buying_power");
    expect(gated({ side: "SELL", quantity: 101 }, { buyingPower: {} }, { broker })).toBe("insufficient_buying_power");
    expect(gated({ percent: 1 }, { buyingPower: {} }, { broker })).toBe("allowed");
    const { bench, reasons } = account({ buyingPower: {} }, { broker });
    bench.close(
      [100],
      [
        { ...buy, quantity: 60 },
        { ...buy, quantity: 60 },
        { ...buy, quantity: 40 },
      ],
    );
    expect(reasons()).toEqual(["allowed", "insufficient_buying_power", "allowed"]);
    bench.close([100], [{ side: "SELL", quantity: 100 }]); // getting out needs nothing
    expect(reasons().at(-1)).toBe("allowed");
    bench.close([100], [{ target_quantity: 100 }, { target_quantity: 90 }]); // a target replaces the one before
    expect(reasons().slice(-2)).toEqual(["allowed", "allowed"]);
  });

  it("holds back when too much is under way", () => {
    const far = { ...buy, type: "limit", limit_price: 1 };
    const open = account({ backpressure: { openOrdersMax: 2 } });
    open.bench.close([100], [far, far, far]).close([100], [far]);
    expect(open.reasons()).toEqual(["allowed", "allowed", "backpressure", "backpressure"]);
    const perClose = account({ backpressure: { ordersPerCloseMax: 1 } });
    perClose.bench.close([100], [buy, buy]).close([100], [buy]);
    expect(perClose.reasons()).toEqual(["allowed", "backpressure", "allowed"]);
    const counts = preTradeCounts(perClose.records());
    expect(counts).toEqual({ attempts: 3, rejections: 1, byReason: { backpressure: 1 }, rejectionRatio: 1 / 3 });
    expect(preTradeCounts([]).rejectionRatio).toBeNull();
  });

  it("survives a cut between two orders of one close", () => {
    const { bench, reasons } = account({ backpressure: { ordersPerCloseMax: 1 } });
    bench.open([100]).deliver(buy).cut().deliver(buy).end();
    expect(reasons()).toEqual(["allowed", "backpressure"]);
  });

  it("has its options in its identity, and knows them", () => {
    const idOf = (options: PreTradeGateOptions) =>
      new OrderBench((signal) => new PreTradeGateNode(signal, options)).graph.nodes.at(-1)!.id;
    const variants: PreTradeGateOptions[] = [
      {},
      { activation: {} },
      { timing: {} },
      { timing: { allowPreMarket: true } },
      { shortable: false },
      { exactGrid: true },
      { buyingPower: {} },
      { buyingPower: { leverage: 2 } },
      { backpressure: { openOrdersMax: 3 } },
      { backpressure: { ordersPerCloseMax: 3 } },
    ];
    expect(new Set(variants.map(idOf)).size).toBe(variants.length);
    expect(() => idOf({ buyingPower: { levrage: 2 } } as never)).toThrow('has no option "levrage"');
    expect(() => idOf({ buyingPower: { reserve: 1 } })).toThrow(
      "buyingPower.reserve must be a number >= 0 and < 1; found 1",
    );
  });
});
