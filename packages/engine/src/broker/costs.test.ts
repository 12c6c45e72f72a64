import { describe, expect, it } from "vitest";
import { defineInstrument } from "../instrument/index.ts";
import { createBroker, type BrokerOptions, type FeeModel, type SlippageModel } from "./index.ts";
import { flat, minuteMs, playBars } from "./play-bars.ts";

const buy = { instrument: 0, side: "BUY", quantity: 10 } as const;

function feeOfTen(fees: FeeModel, price = 100): number {
  return playBars({ fees }, [flat(price), flat(price)], { 0: (b, now) => b.submit(buy, now) }).fills.at(0)!.fee;
}

describe("fees, on 10 units at 100", () => {
  const cases: readonly [string, FeeModel, number][] = [
    ["none", { kind: "none" }, 0],
    ["percent", { kind: "percent", rate: 0.001 }, 1],
    ["percent with a minimum", { kind: "percent", rate: 0.001, minimum: 2.5 }, 2.5],
    ["percent with a maximum", { kind: "percent", rate: 0.01, maximum: 4 }, 4],
    ["fixed", { kind: "fixed", amount: 3 }, 3],
    ["per unit", { kind: "per_unit", amount: 0.05 }, 0.5],
    ["per unit with a minimum", { kind: "per_unit", amount: 0.005, minimum: 1 }, 1],
    ["maker and taker: a market order takes", { kind: "maker_taker", maker: 0.0002, taker: 0.0007 }, 0.7],
    [
      "tiers by notional: 1000 falls into the second",
      {
        kind: "tiered",
        by: "notional",
        tiers: [
          { upTo: 500, rate: 0.002 },
          { upTo: 5_000, rate: 0.001 },
        ],
      },
      1,
    ],
    ["tiers end with their last rate", { kind: "tiered", by: "notional", tiers: [{ upTo: 500, rate: 0.002 }] }, 2],
    [
      "composite: the sum of its parts",
      {
        kind: "composite",
        parts: [
          { kind: "percent", rate: 0.001 },
          { kind: "fixed", amount: 0.25 },
        ],
      },
      1.25,
    ],
  ];
  for (const [name, fees, expected] of cases) it(name, () => expect(feeOfTen(fees)).toBeCloseTo(expected, 12));

  it("a resting limit pays the maker rate, a rebate when that is negative", () => {
    const broker = playBars(
      { fees: { kind: "maker_taker", maker: -0.0001, taker: 0.001 } },
      [flat(100), [100, 100, 95, 97]],
      {
        0: (each, nowMs) => each.submit({ ...buy, type: "limit", limitPrice: 96 }, nowMs),
      },
    );
    expect(broker.fills.at(0)!.fee).toBeCloseTo(-0.096, 12);
    expect(broker.account.equity).toBeCloseTo(10_000 + 10 * (97 - 96) + 0.096, 9);
  });

  it("tiers by volume count what was traded before", () => {
    const fees: FeeModel = {
      kind: "tiered",
      by: "volume",
      tiers: [
        { upTo: 900, rate: 0.002 },
        { upTo: 1e12, rate: 0.001 },
      ],
    };
    const broker = playBars({ fees }, [flat(100), flat(100), flat(100)], {
      0: (each, nowMs) => each.submit(buy, nowMs),
      1: (each, nowMs) => each.submit(buy, nowMs),
    });
    expect(broker.fills.toArray().map((fill) => fill.fee)).toEqual([2, 1]);
  });

  it("are charged on what filled, not on what was ordered", () => {
    const broker = playBars(
      { fees: { kind: "percent", rate: 0.01 }, volumeShareMax: 0.1 },
      [flat(100), flat(100, 30)],
      {
        0: (each, nowMs) => each.submit(buy, nowMs),
      },
    );
    expect(broker.account.feesPaid).toBeCloseTo(3, 12);
  });
});

describe("slippage, buying 10 at an open of 100 with a volume of 1000", () => {
  function priceOf(slippage: SlippageModel, tickSize = "0", volume = 1_000): number {
    const instrument = defineInstrument({ symbol: "X", tickSize });
    const bars = [flat(100), flat(100, volume)];
    return playBars({ slippage }, bars, { 0: (b, now) => b.submit(buy, now) }, instrument).fills.at(0)!.price;
  }
  const cases: readonly [string, SlippageModel, number][] = [
    ["none", { kind: "none" }, 100],
    ["percent", { kind: "percent", rate: 0.0005 }, 100.05],
    ["fixed", { kind: "fixed", amount: 0.02 }, 100.02],
    ["half of a spread of 0.1 %", { kind: "spread", spread: 0.001 }, 100.05],
    ["all of the spread", { kind: "spread", spread: 0.001, fraction: 1 }, 100.1],
    ["volume share: 0.1 * (10 / 1000)^2 of price", { kind: "volume_share", coefficient: 0.1 }, 100.001],
    ["square root: 0.1 * sqrt(10 / 1000) of price", { kind: "square_root", coefficient: 0.1 }, 101],
  ];
  for (const [name, slippage, expected] of cases) it(name, () => expect(priceOf(slippage)).toBeCloseTo(expected, 10));

  it("ticks, and snapping to the tick, go against the order", () => {
    expect(priceOf({ kind: "ticks", ticks: 3 }, "0.01")).toBe(100.03);
    expect(priceOf({ kind: "percent", rate: 0.000_01 }, "0.05")).toBe(100.05);
  });
  it("falls back where a bar has no volume", () => {
    expect(priceOf({ kind: "square_root", coefficient: 0.1, fallback: 0.002 }, "0", NaN)).toBeCloseTo(100.2, 12);
  });
  it("lowers what a sale gets, is stated on the fill, and is inside the price", () => {
    const broker = playBars({ slippage: { kind: "percent", rate: 0.01 } }, [flat(100), flat(100)], {
      0: (each, nowMs) => each.submit({ ...buy, side: "SELL" }, nowMs),
    });
    expect(broker.fills.at(0)).toMatchObject({ price: 99, slippage: 10 });
  });
  it("never takes a limit beyond its price, and never touches a resting one", () => {
    const fill = (limitPrice: number, low: number) =>
      playBars({ slippage: { kind: "percent", rate: 0.05 } }, [flat(100), [100, 100, low, 100]], {
        0: (each, nowMs) => each.submit({ ...buy, type: "limit", limitPrice }, nowMs),
      }).fills.at(0)!;
    expect(fill(102, 100)).toMatchObject({ price: 102, liquidity: "taker" });
    expect(fill(99, 98)).toMatchObject({ price: 99, slippage: 0, liquidity: "maker" });
  });
});

describe("carrying costs", () => {
  const yearMs = 365 * 86_400_000;
  function heldForAYear(options: Partial<BrokerOptions>, quantity: number) {
    const broker = createBroker({ cash: 10_000, marketFill: "same_close", ...options }, [
      defineInstrument({ symbol: "X" }),
    ]);
    broker.onBar(0, 0, minuteMs, 100, 100, 100, 100, 1);
    broker.onTime(minuteMs);
    broker.submitTargetQuantity(0, quantity, minuteMs);
    broker.afterIntents(minuteMs);
    const laterMs = minuteMs + yearMs;
    broker.onBar(0, laterMs - minuteMs, laterMs, 100, 100, 100, 100, 1);
    broker.onTime(laterMs);
    return broker.account;
  }
  it("short borrow, on the value of the short", () => {
    expect(heldForAYear({ borrowRate: 0.03 }, -50).equity).toBeCloseTo(10_000 - 5_000 * 0.03, 8);
    expect(heldForAYear({ borrowRate: 0.03 }, 50).equity).toBe(10_000);
  });
  it("interest on cash, earned or paid", () => {
    expect(heldForAYear({ cashInterestRate: 0.02 }, 50).equity).toBeCloseTo(10_000 + 5_000 * 0.02, 8);
    expect(heldForAYear({ marginInterestRate: 0.05, initialMargin: 0.5 }, 150).equity).toBeCloseTo(
      10_000 - 5_000 * 0.05,
      8,
    );
    expect(heldForAYear({ cashInterestRate: 0.02, interestDays: 360 }, 0).equity).toBeCloseTo(
      10_000 * (1 + (0.02 * 365) / 360),
      8,
    );
  });
});

describe("what slips", () => {
  const slippage = { kind: "percent", rate: 0.01 } as const;
  /** Buys 10 at an open of 100 and sells them by a stop at 95 in the next bar. */
  function prices(slippageOn: BrokerOptions["slippageOn"]): readonly number[] {
    const broker = playBars({ slippage, slippageOn }, [flat(100), [100, 100.5, 99, 100], [100, 100, 94.5, 96]], {
      0: (each, nowMs) => each.submit(buy, nowMs),
      1: (each, nowMs) => each.submit({ ...buy, side: "SELL", type: "stop", stopPrice: 95 }, nowMs),
    });
    return broker.fills.toArray().map((fill) => fill.price);
  }
  it("takers", () => expect(prices("takers")).toEqual([101, 94.05]));
  it("market orders", () => expect(prices("market")).toEqual([101, 95]));
  it("entries", () => expect(prices("entries")).toEqual([101, 95]));
  it("no further than the bar", () => expect(prices("within_bar")).toEqual([100.5, 94.5]));

  it("a limit entry too, where entries slip, and a limit that the open jumps over, where the bar bounds it", () => {
    const limit = { ...buy, type: "limit", limitPrice: 98 } as const;
    const price = (slippageOn: BrokerOptions["slippageOn"]) =>
      playBars({ slippage, slippageOn }, [flat(100), flat(100), [96, 99, 95, 96]], {
        0: (each, nowMs) => each.submit(limit, nowMs),
      }).fills.at(0)!.price;
    expect([price("takers"), price("market"), price("entries"), price("within_bar")]).toEqual([96, 96, 96.96, 96.96]);
  });
  it("an order that reverses closes without slippage, where entries slip, and pays a fee for each part", () => {
    const options = { slippage, slippageOn: "entries", fees: { kind: "fixed", amount: 2 } } as const;
    const broker = playBars(options, [flat(100), flat(100), flat(100)], {
      0: (each, nowMs) => each.submit(buy, nowMs),
      1: (each, nowMs) => each.submit({ ...buy, side: "SELL", quantity: 25 }, nowMs),
    });
    const fills = broker.fills.toArray().map(({ side, quantity, price, fee }) => [side, quantity, price, fee]);
    expect(fills).toEqual([
      ["BUY", 10, 101, 2],
      ["SELL", 10, 100, 2],
      ["SELL", 15, 99, 2],
    ]);
    expect(broker.trades.toArray().map((trade) => trade.pnl)).toEqual([-14, -17]);
  });
});
