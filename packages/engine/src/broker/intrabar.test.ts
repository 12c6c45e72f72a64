import { describe, expect, it } from "vitest";
import { type Broker, type BrokerOptions, type OrderIntent } from "./index.ts";
import { flat, playBars, type TestBar } from "./play-bars.ts";

const buy = { instrument: 0, side: "BUY", quantity: 10 } as const;

function play(intents: readonly OrderIntent[], bars: readonly TestBar[], options: Partial<BrokerOptions> = {}): Broker {
  return playBars(options, [flat(100), ...bars], {
    0: (broker, nowMs) => {
      for (const intent of intents) broker.submit(intent, nowMs);
    },
  });
}

function prices(broker: Broker): number[] {
  return broker.fills.toArray().map((fill) => fill.price);
}

describe("a bar that reaches stop-loss and take-profit", () => {
  const bracket = { ...buy, stopLoss: 95, takeProfit: 105 } as const;
  const both: TestBar = [100, 106, 94, 101];
  const cases: readonly [BrokerOptions["intrabarPath"], number][] = [
    ["pessimistic", 95],
    ["optimistic", 105],
    ["ohlc", 105],
    ["olhc", 95],
    ["direction", 95], // rises: low first
    ["none", 95], // the stop-loss is the older order
  ];
  for (const [intrabarPath, exit] of cases) {
    it(`exits at ${exit} when the path is ${intrabarPath}, and says that the path decided`, () => {
      const broker = play([bracket], [flat(100), both], { intrabarPath });
      expect(prices(broker)).toEqual([100, exit]);
      expect(broker.fills.toArray().map((fill) => fill.intrabarAmbiguous)).toEqual([false, true]);
      expect(broker.counters).toMatchObject({ intrabarAmbiguousFills: 1, intrabarAmbiguousBars: 1 });
    });
  }
  it("takes high first in a falling bar when the path follows the direction", () => {
    expect(prices(play([bracket], [flat(100), [100, 106, 94, 99]], { intrabarPath: "direction" }))).toEqual([100, 105]);
  });
  it("is not ambiguous when finer prices are given, nor when only one of them is reached", () => {
    const broker = playBars({}, [flat(100), flat(100), both], {
      0: (each, nowMs) => each.submit(bracket, nowMs),
      1: (each) => each.setIntrabarPath(0, [100, 103, 106, 98, 94, 101]),
    });
    expect(prices(broker)).toEqual([100, 105]);
    expect(broker.counters.intrabarAmbiguousFills).toBe(0);
    const one = play([bracket], [flat(100), [100, 104, 94, 101]]);
    expect(prices(one)).toEqual([100, 95]);
    expect(one.counters.intrabarAmbiguousFills).toBe(0);
  });
  it("works the same for shorts", () => {
    const short = { ...bracket, side: "SELL", stopLoss: 105, takeProfit: 95 } as const;
    expect(prices(play([short], [flat(100), both]))).toEqual([100, 105]);
    expect(prices(play([short], [flat(100), both], { intrabarPath: "optimistic" }))).toEqual([100, 95]);
  });
  it("leaves no trace of the way that was not taken", () => {
    const broker = play([bracket], [flat(100), both]);
    expect(broker.account.equity).toBe(10_000 - 50);
    expect(broker.trades.length).toBe(1);
    expect(broker.counters).toMatchObject({ accepted: 3, filled: 2, cancelled: 1, open: 0 });
    expect(broker.openOrderCount).toBe(0);
  });
});

describe("exits within the bar of the entry", () => {
  const stopEntry = { ...buy, type: "stop", stopPrice: 103, stopLoss: 98, takeProfit: 108 } as const;
  it("can happen: after the entry the price may still come down to the stop-loss", () => {
    // High first: entry at 103, then down to 97. Low first: entry on the way up, the close of 101 is no exit.
    const broker = play([stopEntry], [[100, 105, 97, 101]]);
    expect(prices(broker)).toEqual([103, 98]);
    expect(broker.fills.at(1)!.intrabarAmbiguous).toBe(true);
    expect(prices(play([stopEntry], [[100, 105, 97, 101]], { intrabarPath: "optimistic" }))).toEqual([103]);
  });
  it("wait for the next bar when the option says so", () => {
    const broker = play([stopEntry], [[100, 105, 97, 101], flat(90)], { bracketActivation: "next_bar" });
    expect(prices(broker)).toEqual([103, 90]);
  });
  it("happen only where the order of events is certain when the option says so", () => {
    const options = { bracketActivation: "unambiguous" } as const;
    expect(prices(play([stopEntry], [[100, 105, 97, 101]], options))).toEqual([103]);
    expect(prices(play([stopEntry], [[100, 109, 99, 101]], options))).toEqual([103, 108]);
    const market = { ...buy, stopLoss: 98 } as const;
    expect(prices(play([market], [[100, 105, 97, 101]], options))).toEqual([100, 98]);
  });
  it("count a bar in which only the other way has the exit", () => {
    // Limit entry at 97: coming down after the high there is no take-profit, low first there is.
    const entry = { ...buy, type: "limit", limitPrice: 97, takeProfit: 104 } as const;
    const broker = play([entry], [[100, 105, 96, 99]]);
    expect(prices(broker)).toEqual([97]);
    expect(broker.counters.intrabarAmbiguousBars).toBe(1);
    expect(prices(play([entry], [[100, 105, 96, 99]], { intrabarPath: "optimistic" }))).toEqual([97, 104]);
  });
});

describe("orders at one price", () => {
  // 100 units are all that can be paid for: whoever comes first decides what the other can do.
  const entry = { ...buy, quantity: 100, type: "limit", limitPrice: 95 } as const;
  const exit = { instrument: 0, side: "SELL", quantity: 100, type: "stop", stopPrice: 95 } as const;
  const bars: TestBar[] = [flat(100), [100, 100, 94, 96]];
  const options = { initialMargin: 1, insufficientFunds: "reject" } as const;
  const sides = (matching: "exit_first" | "fifo") =>
    playBars({ ...options, matching }, [flat(100), ...bars], {
      0: (broker, nowMs) => broker.submit({ ...buy, quantity: 100 }, nowMs),
      1: (broker, nowMs) => {
        broker.submit(entry, nowMs);
        broker.submit(exit, nowMs);
      },
    })
      .fills.toArray()
      .map((fill) => fill.side);
  it("exit first: selling pays for the new entry", () => {
    expect(sides("exit_first")).toEqual(["BUY", "SELL", "BUY"]);
  });
  it("first in, first out: the entry comes first and cannot be paid for", () => {
    expect(sides("fifo")).toEqual(["BUY", "SELL"]);
  });
});

describe("without a path", () => {
  /** Long 10 with a stop at 95 and a limit at 105; then a market order, before a bar that opens at 107 and falls to 94. */
  function fills(options: Partial<BrokerOptions>, order: Partial<OrderIntent>): readonly string[] {
    const exit = { instrument: 0, side: "SELL", quantity: 10, ocoGroup: "exits" } as const;
    const broker = playBars({ intrabarPath: "none", ...options }, [flat(100), flat(100), [107, 108, 94, 96]], {
      0: (each, nowMs) => each.submit({ ...buy, quantity: 10 }, nowMs),
      1: (each, nowMs) => {
        each.submit({ ...exit, type: "stop", stopPrice: 95 }, nowMs);
        each.submit({ ...exit, type: "limit", limitPrice: 105 }, nowMs);
        each.submit({ instrument: 0, ...order }, nowMs);
      },
    });
    return broker.fills.toArray().map(({ side, quantity, price }) => `${side} ${quantity} @ ${price}`);
  }
  const add = { side: "BUY", quantity: 5 } as const;
  it("orders are asked in turn, not along the bar: the stop before the open that jumps over the limit", () => {
    expect(fills({ matching: "fifo" }, add)).toEqual(["BUY 10 @ 100", "SELL 10 @ 95", "BUY 5 @ 107"]);
    expect(fills({}, add)).toEqual(["BUY 10 @ 100", "SELL 10 @ 95", "BUY 5 @ 107"]);
  });
  it("a market order that closes the position comes before its other exits, unless in order of acceptance", () => {
    const close = { targetQuantity: 0 } as const;
    expect(fills({}, close).slice(0, 2)).toEqual(["BUY 10 @ 100", "SELL 10 @ 107"]);
    expect(fills({ matching: "fifo" }, close).slice(0, 2)).toEqual(["BUY 10 @ 100", "SELL 10 @ 95"]);
  });
  it("a market order of a bar in which another order filled is rejected, where the option says so", () => {
    expect(fills({ matching: "fifo", oneOrderPerBar: true }, add)).toEqual(["BUY 10 @ 100", "SELL 10 @ 95"]);
    const atClose = playBars({ oneOrderPerBar: true, marketFill: "same_close" }, [flat(100), [100, 100, 94, 96]], {
      0: (each, nowMs) => each.submit({ ...buy, stopLoss: 95 }, nowMs),
      1: (each, nowMs) => each.submit(buy, nowMs),
    });
    expect(atClose.fills.length).toBe(2);
    expect(atClose.orders.at(2)!.reason).toBe("another order filled in this bar");
  });
});
