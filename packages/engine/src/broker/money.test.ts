import { describe, expect, it } from "vitest";
import { defineInstrument } from "../instrument/index.ts";
import { createBroker, type Broker, type BrokerOptions, type OrderIntent } from "./index.ts";
import { flat, minuteMs, playBars, type TestBar } from "./play-bars.ts";

const buy = { instrument: 0, side: "BUY" } as const;
const dayMs = 86_400_000;

function once(intent: OrderIntent, bars: readonly TestBar[], options: Partial<BrokerOptions> = {}, steps = {}): Broker {
  const instrument = defineInstrument({ symbol: "X", ...steps });
  return playBars(options, bars, { 0: (broker, nowMs) => broker.submit(intent, nowMs) }, instrument);
}

describe("sizes", () => {
  const bars = [flat(100), flat(125)];
  it("become units at the close they are sent at", () => {
    expect(once({ ...buy, value: 1_000 }, bars).fills.at(0)!.quantity).toBe(10);
    expect(once({ ...buy, percent: 0.5 }, bars).fills.at(0)!.quantity).toBe(50);
    expect(once({ instrument: 0, percent: -0.5 }, bars).fills.at(0)).toMatchObject({ side: "SELL", quantity: 50 });
    expect(once({ instrument: 0, targetPercent: 0.5 }, bars).fills.at(0)!.quantity).toBe(50);
    expect(once({ instrument: 0, targetQuantity: -3 }, bars).fills.at(0)).toMatchObject({ side: "SELL", quantity: 3 });
  });
  it("or at the price of the fill", () => {
    expect(once({ ...buy, value: 1_000 }, bars, { sizing: "fill" }).fills.at(0)!.quantity).toBe(8);
    expect(once({ ...buy, percent: 0.5 }, bars, { sizing: "fill" }).fills.at(0)!.quantity).toBe(40);
    expect(once({ instrument: 0, targetPercent: 0.5 }, bars, { sizing: "fill" }).fills.at(0)!.quantity).toBe(40);
  });
  it("can be a fraction of what is left to spend after fees", () => {
    const options = { sizing: "fill", percentOf: "buying_power", fees: { kind: "percent", rate: 0.25 } } as const;
    expect(once({ ...buy, percent: 1 }, bars, options).fills.at(0)!.quantity).toBeCloseTo(10_000 / (125 * 1.25), 9);
  });
  it("can be a fraction of cash, which pays for the costs too", () => {
    const options = {
      percentOf: "cash",
      sizing: "fill",
      fees: {
        kind: "composite",
        parts: [
          { kind: "percent", rate: 0.01 },
          { kind: "fixed", amount: 5 },
        ],
      },
      slippage: { kind: "percent", rate: 0.02 },
    } as const;
    const broker = playBars(options, [flat(100), flat(100)], {
      0: (each, nowMs) => each.submit({ instrument: 0, side: "BUY", percent: 0.4 }, nowMs),
    });
    expect(broker.account.cash).toBeCloseTo(6_000, 9);
    expect(broker.account.position(0).quantity).toBeCloseTo((4_000 - 5) / (102 * 1.01), 9);
  });
  it("of a full short target are all that can be sold short, where percents are of cash", () => {
    const options = {
      percentOf: "cash",
      fees: { kind: "percent", rate: 0.001 },
      slippage: { kind: "percent", rate: 0.02 },
    } as const;
    const sold = (fraction: number) =>
      playBars(options, [flat(100), flat(100)], {
        0: (each, nowMs) => each.submitTargetPercent(0, fraction, nowMs),
      }).account.position(0).quantity;
    expect(sold(-1)).toBeCloseTo(-10_000 / (98 * 1.001), 9);
    expect(sold(-0.5)).toBe(-50);
  });
  it("have a default when the options give one", () => {
    expect(once(buy, bars, { defaultSize: { quantity: 3 } }).fills.at(0)!.quantity).toBe(3);
    expect(once(buy, bars, { defaultSize: { percent: 0.1 } }).fills.at(0)!.quantity).toBe(10);
    expect(once(buy, bars, { defaultSize: "all" }).fills.at(0)!.quantity).toBe(80);
  });
  it("are cut to whole units when asked", () => {
    expect(once({ ...buy, value: 1_050 }, bars).fills.at(0)!.quantity).toBe(10.5);
    expect(once({ ...buy, value: 1_050 }, bars, { wholeUnits: true }).fills.at(0)!.quantity).toBe(10);
  });
  it("follow a target only when the position is elsewhere", () => {
    const broker = playBars({}, [flat(100), flat(100), flat(100), flat(100)], {
      0: (each, nowMs) => expect(each.submitTargetPercent(0, 1, nowMs)).toBe(1),
      1: (each, nowMs) => expect(each.submitTargetPercent(0, 1, nowMs)).toBe(0),
      2: (each, nowMs) => expect(each.submitTargetQuantity(0, 100, nowMs)).toBe(0),
    });
    expect(broker.orders.length).toBe(1);
  });
  it("repeat a target once, or bring the position back to it every time", () => {
    const play = (rebalance: "on_change" | "every_bar") => {
      const half = (each: Broker, nowMs: number) => each.submitTargetPercent(0, 0.5, nowMs);
      const broker = playBars({ rebalance }, [flat(100), flat(100), flat(200), flat(200)], {
        0: half,
        1: half,
        2: half,
      });
      return broker.fills.toArray().map((fill) => [fill.side, fill.quantity]);
    };
    expect(play("on_change")).toEqual([["BUY", 50]]);
    // 5,000 cash and 50 at 200: half of 15,000 is 37.5 units.
    expect(play("every_bar")).toEqual([
      ["BUY", 50],
      ["SELL", 12.5],
    ]);
  });
  it("a newer target replaces an older one that is still open", () => {
    const broker = playBars({ latencyBars: 5 }, [flat(100), flat(100)], {
      0: (each, nowMs) => each.submitTargetPercent(0, 1, nowMs),
      1: (each, nowMs) => each.submitTargetPercent(0, -1, nowMs),
    });
    expect(broker.orders.at(0)).toMatchObject({ status: "cancelled", reason: "replaced by a newer target" });
    expect(broker.openOrderCount).toBe(1);
  });
});

describe("grids", () => {
  it("cut quantities down to the lot", () => {
    const fill = once({ ...buy, value: 1_000 }, [flat(300), flat(300)], {}, { lotSize: "0.1" }).fills.at(0)!;
    expect(fill.quantity).toBe(3.3);
    const tiny = once({ ...buy, quantity: 0.05 }, [flat(300), flat(300)], {}, { lotSize: "0.1" });
    expect(tiny.orders.at(0)).toMatchObject({ status: "rejected", reason: "smaller than one lot" });
  });
  it("keep positions on the lot however often they change", () => {
    const broker = createBroker({ cash: 10_000 }, [defineInstrument({ symbol: "X", lotSize: "0.1" })]);
    for (let bar = 0; bar < 31; bar++) {
      const nowMs = (bar + 1) * minuteMs;
      broker.onBar(0, bar * minuteMs, nowMs, 100, 100, 100, 100, 1);
      broker.onTime(nowMs);
      if (bar < 30) broker.submit({ ...buy, quantity: 0.1 }, nowMs);
      broker.afterIntents(nowMs);
    }
    expect(broker.account.position(0).quantity).toBe(3); // thirty times 0.1 added as floats is 2.9999999999999996
  });
  it("snap limits so that they are never worse than asked, stops so that they never trigger earlier", () => {
    const order = (intent: Partial<OrderIntent>) =>
      once({ ...buy, quantity: 1, ...intent }, [flat(100)], {}, { tickSize: "0.05" }).orders.at(0)!;
    expect(order({ type: "limit", limitPrice: 99.99 }).limitPrice).toBe(99.95);
    expect(order({ side: "SELL", type: "limit", limitPrice: 100.01 }).limitPrice).toBe(100.05);
    expect(order({ type: "stop", stopPrice: 101.01 }).stopPrice).toBe(101.05);
    expect(order({ side: "SELL", type: "stop", stopPrice: 98.99 }).stopPrice).toBe(98.95);
  });
  it("refuse orders below the minimum notional, unless they close the position", () => {
    const least = { notionalMin: "50" };
    expect(once({ ...buy, quantity: 0.4 }, [flat(100)], {}, least).orders.at(0)!.reason).toBe(
      "below the minimum notional",
    );
    const broker = playBars(
      {},
      [flat(100), flat(100), flat(10), flat(10)],
      {
        0: (each, nowMs) => each.submit({ ...buy, quantity: 1 }, nowMs),
        2: (each, nowMs) => each.submitTargetPercent(0, 0, nowMs),
      },
      defineInstrument({ symbol: "X", ...least }),
    );
    expect(broker.account.position(0).quantity).toBe(0);
  });
});

describe("buying power", () => {
  it("cuts an order to what can be paid, fees included, and leaves no negative cash", () => {
    const broker = once({ ...buy, quantity: 1_000 }, [flat(100), flat(100)], {
      fees: { kind: "percent", rate: 0.001 },
    });
    expect(broker.fills.at(0)!.quantity).toBeCloseTo(10_000 / 100.1, 9);
    expect(broker.account.cash).toBeGreaterThanOrEqual(0);
    expect(broker.account.cash).toBeLessThan(1e-9);
  });
  it("cuts on the lot, and with a fixed fee", () => {
    const options = { fees: { kind: "fixed", amount: 30 } } as const;
    expect(
      once({ ...buy, quantity: 1_000 }, [flat(100), flat(100)], options, { lotSize: "1" }).fills.at(0)!.quantity,
    ).toBe(99);
  });
  it("rejects instead when the options say so, already when sent if they say that", () => {
    const late = once({ ...buy, quantity: 101 }, [flat(100), flat(100)], { insufficientFunds: "reject" });
    expect(late.orders.at(0)).toMatchObject({ status: "rejected", closedMs: minuteMs });
    const early = once({ ...buy, quantity: 101 }, [flat(100), flat(50)], {
      insufficientFunds: "reject",
      checkOnSubmit: true,
    });
    expect(early.orders.at(0)).toMatchObject({ status: "rejected", reason: "not enough buying power" });
    expect(once({ ...buy, quantity: 101 }, [flat(100), flat(50)], { insufficientFunds: "reject" }).fills.length).toBe(
      1,
    );
  });
  it("margin: leverage of 1 / initialMargin, long or short", () => {
    const levered = { initialMargin: 0.25 };
    expect(once({ ...buy, quantity: 1_000 }, [flat(100), flat(100)], levered).fills.at(0)!.quantity).toBe(400);
    expect(once({ ...buy, side: "SELL", quantity: 1_000 }, [flat(100), flat(100)], levered).fills.at(0)!.quantity).toBe(
      400,
    );
  });
  it("with fees as part of what margin carries, where percents are of buying power", () => {
    const options = { initialMargin: 0.5, fees: { kind: "percent", rate: 0.01 }, insufficientFunds: "reject" } as const;
    // 198 units at 100 take 9,900 of margin and 198 of fees: together 10,098, with half of the fees 9,999.
    const filled = (percentOf: "equity" | "buying_power") =>
      playBars({ ...options, percentOf }, [flat(100), flat(100)], {
        0: (each, nowMs) => each.submit({ instrument: 0, side: "BUY", quantity: 198 }, nowMs),
      }).counters.filled;
    expect([filled("equity"), filled("buying_power")]).toEqual([0, 1]);
  });
  it("and a fixed fee for each unit of such a share, of an order or of a target", () => {
    const fees = { kind: "fixed", amount: 5 } as const;
    const options = { initialMargin: 0.5, fees, percentOf: "buying_power", insufficientFunds: "reject" } as const;
    const quantity = (size: object) =>
      playBars(options, [flat(100), flat(100)], {
        0: (each, nowMs) => each.submit({ instrument: 0, ...size }, nowMs),
      }).account.position(0).quantity;
    // 20,000 at 100 and 5 a unit; of half of it, 5 for half a unit.
    expect(quantity({ side: "BUY", percent: 1 })).toBeCloseTo(20_000 / 105, 9);
    expect(quantity({ targetPercent: 2 })).toBeCloseTo(20_000 / 105, 9);
    expect(quantity({ side: "BUY", percent: 0.5 })).toBeCloseTo(10_000 / 110, 9);
    expect(quantity({ targetPercent: 1 })).toBeCloseTo(10_000 / 110, 9);
  });
  it("bounds short sales, or lets those that name units or money go", () => {
    const sold = (shortSales: "margin" | "free", size: object) =>
      playBars({ shortSales, defaultSize: "all" }, [flat(100), flat(100)], {
        0: (each, nowMs) => each.submit({ instrument: 0, side: "SELL", ...size }, nowMs),
      }).account.position(0).quantity;
    expect([sold("margin", { quantity: 150 }), sold("free", { quantity: 150 })]).toEqual([-100, -150]);
    expect([sold("free", { value: 12_000 }), sold("free", { percent: 1.5 }), sold("free", {})]).toEqual([
      -120, -100, -100,
    ]);
    const twice = playBars({ shortSales: "free" }, [flat(100), flat(100)], {
      0: (each, nowMs) => each.submitTargetPercent(0, -2, nowMs),
    });
    expect(twice.account.position(0).quantity).toBe(-100);
  });
  it("buys nothing with what rounding left of the cash", () => {
    const fees = { kind: "percent", rate: 0.001 } as const;
    const broker = playBars({ fees, defaultSize: "all" }, [flat(97.31), flat(97.31), flat(101.17)], {
      0: (each, nowMs) => each.submit({ instrument: 0, side: "BUY" }, nowMs),
      1: (each, nowMs) => {
        each.submit({ instrument: 0, side: "BUY" }, nowMs);
        each.submit({ instrument: 0, side: "BUY", quantity: 5 }, nowMs);
      },
    });
    expect(broker.fills.length).toBe(1);
    expect(broker.counters.rejected).toBe(2);
  });
  it("adds what the cash allows to a position that is a hundred thousand times as large", () => {
    const fees = { kind: "percent", rate: 0.001 } as const;
    for (let each = 0; each < 200; each++) {
      const [quantity, price] = [997.3 + each / 7, 101.01 + each / 3];
      const cash = quantity * price * 1.001 + 1;
      const broker = playBars({ fees, cash }, [flat(price), flat(price), flat(price)], {
        0: (account, nowMs) => account.submit({ ...buy, quantity }, nowMs),
        1: (account, nowMs) => account.submit({ ...buy, quantity: 100 }, nowMs),
      });
      expect(broker.fills.length).toBe(2);
      expect(broker.account.cash).toBeGreaterThanOrEqual(0);
      expect(broker.account.cash).toBeLessThan(1e-9);
    }
  });
  it("checks orders of one moment together in a cash account, the exits of a bracket among them", () => {
    const options = { account: "cash", shorting: true, checkOnSubmit: true } as const;
    const outcome = (...intents: OrderIntent[]) =>
      playBars(options, [flat(100)], { 0: (each, nowMs) => intents.forEach((intent) => each.submit(intent, nowMs)) })
        .orders.toArray()
        .map(({ status }) => status);
    const sixty = { instrument: 0, side: "BUY", quantity: 60 } as const;
    expect(outcome(sixty, sixty)).toEqual(["open", "rejected"]);
    expect(outcome(sixty, { ...sixty, side: "SELL" }, sixty)).toEqual(["open", "open", "open"]);
    expect(outcome({ ...sixty, quantity: 110 }, sixty)).toEqual(["rejected", "rejected"]);
    const short = { instrument: 0, side: "SELL", stopLoss: 105, takeProfit: 95 } as const;
    expect(outcome({ ...short, quantity: 90 })).toEqual(["open"]);
    expect(outcome({ ...short, quantity: 110 })).toEqual(["rejected"]);
  });
  it("cash accounts do not sell short, unless told to", () => {
    const order = { ...buy, side: "SELL", quantity: 1 } as const;
    expect(once(order, [flat(100), flat(100)], { account: "cash" }).orders.at(0)!.reason).toBe(
      "short positions are off",
    );
    expect(once(order, [flat(100), flat(100)], { account: "cash", shorting: true }).fills.length).toBe(1);
    expect(once(order, [flat(100), flat(100)], { shorting: false }).fills.length).toBe(0);
  });
  it("cash accounts wait for sales to settle", () => {
    const play = (settlementDays: number) => {
      const broker = createBroker({ cash: 1_000, account: "cash", settlementDays }, [
        defineInstrument({ symbol: "X", calendar: "weekdays" }),
      ]);
      // Daily bars from Monday 1970-01-05: buy all, sell all on Tuesday, try to buy again every day.
      for (let day = 4; day < 10; day++) {
        const nowMs = (day + 1) * dayMs;
        broker.onBar(0, day * dayMs, nowMs, 100, 100, 100, 100, 1);
        broker.onTime(nowMs);
        if (day === 4) broker.submit({ ...buy, quantity: 10 }, nowMs);
        else if (day === 5) broker.submit({ instrument: 0, side: "SELL", quantity: 10 }, nowMs);
        else broker.submit({ ...buy, quantity: 10 }, nowMs);
        broker.afterIntents(nowMs);
      }
      return broker.fills.toArray().map((fill) => [fill.side, fill.timeMs / dayMs]);
    };
    expect(play(0)).toEqual([
      ["BUY", 5],
      ["SELL", 6],
      ["BUY", 7],
    ]);
    // Sold on Wednesday 7 January, day 6: with T+2 the money is there on Friday, day 8.
    expect(play(2)).toEqual([
      ["BUY", 5],
      ["SELL", 6],
      ["BUY", 8],
    ]);
  });
  it("liquidates when equity falls below the maintenance margin", () => {
    // 300 units at 100 on 10,000: at 75 equity is 2,500 of 22,500 exposure, 11 %.
    const options = { initialMargin: 0.25, maintenanceMargin: 0.12 };
    const broker = once({ ...buy, quantity: 300 }, [flat(100), flat(100), flat(76), flat(75), flat(50)], options);
    expect(broker.counters.liquidations).toBe(1);
    expect(broker.fills.at(1)).toMatchObject({ side: "SELL", price: 75, timeMs: 4 * minuteMs });
    expect(broker.orders.at(1)!.tag).toBe("liquidation");
    expect(broker.account.equity).toBe(2_500);
  });
});

describe("round trips", () => {
  it("net profit, fees, holding time and excursions, by hand", () => {
    const broker = playBars(
      { fees: { kind: "fixed", amount: 1 } },
      [flat(100), [100, 104, 99, 103], [103, 110, 96, 105], [106, 107, 106, 106]],
      {
        0: (each, nowMs) => each.submit({ ...buy, quantity: 10 }, nowMs),
        2: (each, nowMs) => each.submitTargetPercent(0, 0, nowMs),
      },
    );
    expect(broker.trades.at(0)).toMatchObject({
      direction: "long",
      entryMs: minuteMs,
      exitMs: 3 * minuteMs,
      entryPrice: 100,
      exitPrice: 106,
      quantity: 10,
      fees: 2,
      pnl: 58,
      returnFraction: 0.058,
      barsHeld: 2,
      maxFavorable: 100, // high of 110
      maxAdverse: -40, // low of 96
      open: false,
    });
  });
  it("averages entries, keeps the average on partial exits, splits a reversal in two trades", () => {
    const broker = playBars(
      { fees: { kind: "per_unit", amount: 0.1 } },
      [flat(100), flat(100), flat(110), flat(120), flat(90)],
      {
        0: (each, nowMs) => each.submit({ ...buy, quantity: 10 }, nowMs),
        1: (each, nowMs) => each.submit({ ...buy, quantity: 10 }, nowMs), // at 110: average 105
        2: (each, nowMs) => each.submit({ ...buy, side: "SELL", quantity: 30 }, nowMs), // at 120: closes 20, opens 10 short
      },
    );
    expect(broker.trades.length).toBe(2);
    // 20 * (120 - 105) less fees of 1 + 1 + 2
    expect(broker.trades.at(0)).toMatchObject({ entryPrice: 105, exitPrice: 120, fees: 4, pnl: 296, quantity: 20 });
    expect(broker.trades.at(1)).toMatchObject({
      direction: "short",
      entryPrice: 120,
      markPrice: 90,
      fees: 1,
      pnl: 299,
      open: true,
    });
    expect(broker.account.position(0)).toMatchObject({ quantity: -10, averagePrice: 120, unrealisedPnl: 300 });
    expect(broker.account.realisedPnl).toBe(295);
    expect(broker.account.equity).toBe(10_000 + 295 + 300);
  });
  it("counts contracts by their multiplier", () => {
    const broker = once({ ...buy, quantity: 2 }, [flat(100), flat(100), flat(101)], {}, { multiplier: 5 });
    expect(broker.account.equity).toBe(10_010);
    expect(broker.account.cash).toBe(9_000);
  });
});

describe("bars in one go", () => {
  const bars = {
    time: Float64Array.of(1, 2, 3, 4).map((minute) => minute * minuteMs),
    open: Float64Array.of(100, 101, NaN, 104),
    high: Float64Array.of(102, 103, NaN, 105),
    low: Float64Array.of(99, 98, NaN, 104),
    close: Float64Array.of(101, 102, NaN, 105),
  };
  for (const quantity of [0, 10]) {
    it(`stop before an absent bar, holding ${quantity}`, () => {
      const broker = playBars({ marketFill: "same_close" }, [flat(100)], {
        0: (each, nowMs) => each.submitTargetQuantity(0, quantity, nowMs),
      });
      const equity = new Float64Array(4);
      expect(broker.onQuietBars(0, bars, minuteMs, 0, 4, equity, 0)).toBe(2);
      expect([...equity]).toEqual([10_000 + quantity, 10_000 + 2 * quantity, 0, 0]);
      expect(broker.account.position(0).markPrice).toBe(102);
    });
  }
});

describe("the end of the data", () => {
  const end = (options: Partial<BrokerOptions>) => {
    const broker = playBars(options, [flat(100), flat(100), flat(105)], {
      0: (each, nowMs) => each.submit({ ...buy, quantity: 10 }, nowMs),
      2: (each, nowMs) => each.submit({ ...buy, quantity: 5 }, nowMs),
    });
    broker.finish(3 * minuteMs);
    return [broker.orders.at(1)!.status, broker.account.position(0).quantity, broker.trades.at(0)!.open];
  };
  it("leaves orders and positions as they are", () => expect(end({})).toEqual(["open", 10, true]));
  it("cancels orders", () => expect(end({ lastBar: "cancel" })).toEqual(["cancelled", 10, true]));
  it("fills market orders at the last close", () =>
    expect(end({ lastBar: "fill_at_close" })).toEqual(["filled", 15, true]));
  it("closes positions", () => expect(end({ closeAtEnd: true })).toEqual(["cancelled", 0, false]));
  it("closes them at the last close, or at the open of that bar, however the bars came and after a restart", () => {
    const [bars, intent] = [[flat(100), flat(100), [103, 106, 102, 105]] as const, { ...buy, quantity: 10 }];
    const price = (endPrice: "close" | "open") => {
      const at = { 0: (each: Broker, nowMs: number) => each.submit(intent, nowMs) };
      const broker = playBars({ closeAtEnd: true, endPrice }, bars, at);
      broker.finish(3 * minuteMs);
      return broker.fills.at(1)!.price;
    };
    expect([price("close"), price("open")]).toEqual([105, 103]);
    const options = { closeAtEnd: true, endPrice: "open" } as const;
    const inOneGo = playBars(options, [flat(100), flat(100)], { 0: (each, nowMs) => each.submit(intent, nowMs) });
    const column = (value: number) => Float64Array.of(value);
    const last = {
      time: column(2 * minuteMs),
      open: column(103),
      high: column(106),
      low: column(102),
      close: column(105),
    };
    expect(inOneGo.onQuietBars(0, last, minuteMs, 0, 1, new Float64Array(1), 0)).toBe(1);
    const restarted = createBroker(options, [defineInstrument({ symbol: "TEST" })]);
    restarted.load(JSON.parse(JSON.stringify(inOneGo.save())));
    restarted.finish(3 * minuteMs);
    expect(restarted.fills.at(1)!.price).toBe(103);
  });
});

describe("several instruments and currencies", () => {
  const euro = defineInstrument({ symbol: "SAP", quoteCurrency: "EUR" });
  const rate = defineInstrument({ symbol: "EUR/USD" });
  it("converts at a given rate", () => {
    const broker = createBroker({ cash: 10_000, currency: "USD", fxRates: { EUR: 1.2 }, marketFill: "same_close" }, [
      euro,
    ]);
    broker.onBar(0, 0, minuteMs, 100, 100, 100, 100, 1);
    broker.submitTargetPercent(0, 0.6, minuteMs);
    broker.afterIntents(minuteMs);
    expect(broker.account.position(0).quantity).toBeCloseTo(50, 12); // 6,000 USD / 1.2 / 100
    expect(broker.account.cash).toBeCloseTo(4_000, 9);
  });
  it("or at the rate of an instrument of the run, and books what the rate earns", () => {
    const broker = createBroker({ cash: 10_000, currency: "USD", marketFill: "same_close" }, [euro, rate]);
    const step = (minute: number, price: number, fx: number) => {
      const nowMs = (minute + 1) * minuteMs;
      broker.onBar(0, minute * minuteMs, nowMs, price, price, price, price, 1);
      broker.onBar(1, minute * minuteMs, nowMs, fx, fx, fx, fx, 1);
      broker.onTime(nowMs);
      if (minute === 0) broker.submit({ ...buy, quantity: 10 }, nowMs);
      if (minute === 2) broker.submitTargetPercent(0, 0, nowMs);
      broker.afterIntents(nowMs);
    };
    step(0, 100, 1.25);
    expect(broker.account.cash).toBe(10_000 - 1_250);
    step(1, 100, 1.5);
    expect(broker.account.unrealisedPnl).toBe(250);
    expect(broker.account.equity).toBe(10_250);
    step(2, 110, 1.5);
    expect(broker.account.realisedPnl).toBe(400);
    expect(broker.account.equity).toBe(10_400);
  });
  it("refuses an account that cannot be valued", () => {
    expect(() => createBroker({ currency: "USD" }, [euro])).toThrowError(/SAP is quoted in EUR, the account is in USD/);
  });
});

describe("corporate actions and funding", () => {
  const play = (options: Partial<BrokerOptions>, prices: readonly number[], quantity: number) => {
    const broker = createBroker({ cash: 10_000, marketFill: "same_close", ...options }, [
      defineInstrument({ symbol: "X" }),
    ]);
    for (const [minute, price] of prices.entries()) {
      const nowMs = (minute + 1) * minuteMs;
      broker.onBar(0, minute * minuteMs, nowMs, price, price, price, price, 1);
      broker.onTime(nowMs);
      if (minute === 0) broker.submitTargetQuantity(0, quantity, nowMs);
      broker.afterIntents(nowMs);
    }
    return broker;
  };
  it("dividends are paid to longs and by shorts, to who holds before the bar opens", () => {
    const corporateActions = [{ kind: "dividend", symbol: "X", timeMs: minuteMs, amount: 1.5 }] as const;
    expect(play({ corporateActions }, [100, 98.5], 10).account).toMatchObject({
      equity: 10_000,
      cash: 9_015,
      realisedPnl: 15,
    });
    expect(play({ corporateActions }, [100, 98.5], -10).account.equity).toBe(10_000);
    expect(play({ corporateActions }, [100, 98.5], 10).trades.at(0)!.pnl).toBe(0);
  });
  it("splits change units and prices, of positions and of open orders, and no money", () => {
    const corporateActions = [{ kind: "split", symbol: "X", timeMs: 2 * minuteMs, ratio: 4 }] as const;
    const broker = createBroker({ cash: 10_000, corporateActions }, [defineInstrument({ symbol: "X" })]);
    for (const [minute, price] of [100, 100, 25, 25].entries()) {
      const nowMs = (minute + 1) * minuteMs;
      broker.onBar(0, minute * minuteMs, nowMs, price, price, minute === 3 ? 20 : price, price, 1);
      broker.onTime(nowMs);
      if (minute === 0) broker.submit({ ...buy, quantity: 10, stopLoss: 88 }, nowMs);
      broker.afterIntents(nowMs);
    }
    expect(broker.fills.at(1)).toMatchObject({ side: "SELL", quantity: 40, price: 22 });
    expect(broker.account.equity).toBe(10_000 - 120);
    expect(broker.trades.at(0)).toMatchObject({ entryPrice: 25, exitPrice: 22, pnl: -120 });
  });
  it("a split that leaves a part of a lot pays it out", () => {
    const corporateActions = [{ kind: "split", symbol: "X", timeMs: minuteMs, ratio: 1.5 }] as const;
    const broker = createBroker({ cash: 1_000, marketFill: "same_close", corporateActions }, [
      defineInstrument({ symbol: "X", lotSize: "1" }),
    ]);
    for (const [minute, price] of [120, 80].entries()) {
      const nowMs = (minute + 1) * minuteMs;
      broker.onBar(0, minute * minuteMs, nowMs, price, price, price, price, 1);
      broker.onTime(nowMs);
      if (minute === 0) broker.submitTargetQuantity(0, 3, nowMs);
      broker.afterIntents(nowMs);
    }
    expect(broker.account.position(0).quantity).toBe(4);
    expect(broker.account).toMatchObject({ cash: 640 + 40, equity: 1_000 });
  });
  it("funding moves from longs to shorts, on the value before the bar", () => {
    const funding = [{ symbol: "X", timeMs: minuteMs, rate: 0.001 }] as const;
    expect(play({ funding }, [100, 120], 10).account.equity).toBe(10_200 - 1);
    expect(play({ funding }, [100, 120], -10).account.equity).toBe(9_800 + 1);
  });
  it("refuses events of an instrument the account does not trade", () => {
    expect(() => play({ funding: [{ symbol: "Y", timeMs: 0, rate: 0.1 }] }, [100], 0)).toThrowError(/"Y"/);
  });
});
