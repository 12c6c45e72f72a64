import { describe, expect, it } from "vitest";
import { OrderPublishNode, SizingNode, type SizingOptions } from "./index.ts";
import { OrderBench, throughStage, type BenchOptions } from "./testing/order-bench.ts";

const sized = (payload: object, options: SizingOptions = {}, bench: BenchOptions & { price?: number } = {}) =>
  throughStage((signal) => new SizingNode(signal, options), payload as never, bench);

describe("SizingNode", () => {
  // Equity 100,000, price 100.
  it.each([
    [
      { side: "SELL", quantity: 3 },
      { side: "SELL", quantity: 3 },
    ],
    [
      { side: "BUY", value: 2_500 },
      { side: "BUY", quantity: 25 },
    ],
    [
      { side: "SELL", percent: 0.05 },
      { side: "SELL", quantity: 50 },
    ],
    [
      { side: "BUY", percent: 0.05, type: "limit", limit_price: 80 },
      { side: "BUY", quantity: 62.5, type: "limit", limit_price: 80 },
    ],
    [
      { target_percent: -0.1, reason: "x" },
      { target_quantity: -100, reason: "x" },
    ],
    [{ target_percent: 0 }, { target_quantity: 0 }],
    [
      { action: 1, size: 4 },
      { side: "BUY", quantity: 4 },
    ],
  ])("makes units of %j: %j", (payload, expected) => {
    expect(sized(payload)).toEqual(expected);
  });

  it("counts multiplier and exchange rate", () => {
    const instruments = [{ symbol: "FDAX", quoteCurrency: "EUR", settlementCurrency: "EUR", multiplier: 25 }];
    const broker = { currency: "USD", fxRates: { EUR: 1.25 } };
    // 10 % of 100,000 USD are 8,000 EUR; one contract at 100 is 2,500 EUR.
    expect(sized({ side: "BUY", percent: 0.1 }, {}, { instruments, broker })).toMatchObject({ quantity: 3.2 });
    // A value is in the quote currency.
    expect(sized({ side: "BUY", value: 5_000 }, {}, { instruments, broker })).toMatchObject({ quantity: 2 });
  });

  it("scales by the weight, clamped to 0..1; targets by what they aim at; exits not at all", () => {
    const half = { weight: 0.5 };
    expect(sized({ side: "BUY", quantity: 3 }, half)).toMatchObject({ quantity: 1.5 });
    expect(sized({ target_percent: 0.1 }, half)).toEqual({ target_quantity: 50 });
    expect(sized({ target_percent: 0 }, half)).toEqual({ target_quantity: 0 });
    expect(sized({ side: "SELL", quantity: 3, reduce_only: true }, half)).toMatchObject({ quantity: 3 });
    expect(sized({ side: "BUY", quantity: 3 }, { weight: 7 })).toMatchObject({ quantity: 3 });
    expect(sized({ side: "BUY", quantity: 3 }, { weight: -1 })).toBeUndefined();
  });

  it("takes weights from the activation, and denies what it does not name", () => {
    const order = { side: "BUY", quantity: 4 };
    const short = { ...order, side: "SELL" };
    expect(sized(order, { activation: { A: { enabled: true, weight: 0.25 } } })).toMatchObject({ quantity: 1 });
    expect(sized(order, { activation: { A: { enabled: true } } })).toMatchObject({ quantity: 4 });
    expect(sized(order, { activation: {} })).toMatchObject({ rejected: true, reason: "activation_unknown" });
    const sides = { A: { enabled: true, weight: 0.25, short: { active: true, weight: 0.5 } } };
    expect(sized(short, { activation: sides })).toMatchObject({ quantity: 2 });
    const frozen = { A: { enabled: true, long: { active: true, freeze: true } } };
    expect(sized(order, { activation: frozen })).toMatchObject({ rejected: true, reason: "activation_disabled" });
    expect(sized(short, { activation: frozen })).toMatchObject({ quantity: 4 }); // the other side is not touched
    expect(sized(order, { activation: { toString: { enabled: true } } })).toMatchObject({ rejected: true });
    expect(
      sized({ ...order, symbol: "constructor" }, { activation: {} }, { instruments: [{ symbol: "constructor" }] }),
    ).toMatchObject({
      reason: "activation_unknown",
    });
  });

  it("refuses what it cannot size", () => {
    expect(sized({ side: "BUY" })).toMatchObject({ rejected: true, reason: "invalid_order" });
    let sizing!: SizingNode;
    const bench = new OrderBench((signal) => (sizing = new SizingNode(signal)), {
      instruments: [{ symbol: "A" }, { symbol: "B" }],
    });
    bench.close(
      [100, undefined],
      [
        { symbol: "B", percent: 0.5 },
        { symbol: "B", quantity: 2 },
      ],
    );
    expect(bench.recordsOf(sizing)).toEqual([
      expect.objectContaining({ rejected: true, reason: "price_unknown" }),
      { symbol: "B", side: "BUY", quantity: 2 },
    ]);
    expect(() => bench.close([100, 1], [{ symbol: "C", quantity: 1 }])).toThrow("the account trades A, B");
  });

  it("leaves rounding to lots to the broker", () => {
    const bench = new OrderBench(
      (signal) => {
        const sizing = new SizingNode(signal);
        return [sizing, new OrderPublishNode(sizing)];
      },
      { instruments: [{ symbol: "A", lotSize: "10" }] },
    );
    bench.close([300], [{ percent: 0.1 }]);
    expect(bench.broker.orders.at(0)).toMatchObject({ quantity: 30 }); // 33.3 units
  });

  it("is another node with another weight, and knows its options", () => {
    const idOf = (options: SizingOptions) =>
      new OrderBench((signal) => new SizingNode(signal, options)).graph.nodes.at(-1)!.id;
    expect(idOf({ weight: 0.5 })).not.toBe(idOf({}));
    expect(idOf({ activation: { A: { enabled: true } } })).not.toBe(idOf({ activation: {} }));
    expect(idOf({ name: "other" })).toBe(idOf({}));
    expect(() => idOf({ wieght: 1 } as never)).toThrow(expect.objectContaining({ hint: 'did you mean "weight"?' }));
    expect(() => idOf({ activation: { A: {} } } as never)).toThrow('activation of "A" must be');
    expect(() => idOf({ activation: { A: { enabled: true, weight: Number.NaN } } })).toThrow("must be a finite number");
  });
});
