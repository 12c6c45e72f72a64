import { describe, expect, it } from "vitest";
import { defineInstrument } from "../instrument/index.ts";
import { createBroker, type Broker, type BrokerOptions, type OrderIntent } from "./index.ts";
import { flat, minuteMs, playBars, type TestBar } from "./play-bars.ts";

const buy = { instrument: 0, side: "BUY", quantity: 10 } as const;
const sell = { instrument: 0, side: "SELL", quantity: 10 } as const;

/** Sends the orders at the close of the first bar (100) and shows their fills as `side quantity @ price`. */
function fillsOf(intents: readonly OrderIntent[], bars: readonly TestBar[], options: Partial<BrokerOptions> = {}) {
  return shownFills(send(intents, bars, options));
}

function send(intents: readonly OrderIntent[], bars: readonly TestBar[], options: Partial<BrokerOptions> = {}): Broker {
  return playBars(options, [flat(100), ...bars], {
    0: (broker, nowMs) => {
      for (const intent of intents) broker.submit(intent, nowMs);
    },
  });
}

function shownFills(broker: Broker): string[] {
  return broker.fills
    .toArray()
    .map((fill) => `${fill.side} ${fill.quantity} @ ${fill.price} bar ${fill.barTimeMs / minuteMs}`);
}

function statusOf(broker: Broker, id: number): string {
  const order = broker.orders.at(id - 1)!;
  return order.reason === null ? order.status : `${order.status}: ${order.reason}`;
}

describe("market orders", () => {
  it("fill at the next open, never on the bar that produced them", () => {
    expect(fillsOf([buy], [[102, 105, 101, 104]])).toEqual(["BUY 10 @ 102 bar 1"]);
  });
  it("fill at the close they were sent at when the option says so by name", () => {
    expect(fillsOf([buy], [[102, 105, 101, 104]], { marketFill: "same_close" })).toEqual(["BUY 10 @ 100 bar 0"]);
  });
  it("fill at the next close", () => {
    expect(fillsOf([buy], [[102, 105, 101, 104]], { marketFill: "next_close" })).toEqual(["BUY 10 @ 104 bar 1"]);
  });
  it("wait out the latency: the first bar that opens after their arrival", () => {
    expect(fillsOf([buy], [flat(101), flat(102)], { latencyMs: 1 })).toEqual(["BUY 10 @ 102 bar 2"]);
    expect(fillsOf([buy], [flat(101), flat(102)], { latencyBars: 1 })).toEqual(["BUY 10 @ 102 bar 2"]);
  });
});

describe("limit orders", () => {
  const limit = { ...buy, type: "limit", limitPrice: 95 } as const;
  it("fill at their price when it is touched", () => {
    expect(fillsOf([limit], [[98, 99, 95, 97]])).toEqual(["BUY 10 @ 95 bar 1"]);
  });
  it("need to be traded through when fills are by crossing", () => {
    expect(fillsOf([limit], [[98, 99, 95, 97]], { limitFill: "cross" })).toEqual([]);
    expect(fillsOf([limit], [[98, 99, 94.9, 97]], { limitFill: "cross" })).toEqual(["BUY 10 @ 95 bar 1"]);
  });
  it("improve to an open beyond their price, or stay at it", () => {
    const bars: TestBar[] = [flat(100), [90, 91, 89, 90]];
    expect(fillsOf([limit], bars)).toEqual(["BUY 10 @ 90 bar 2"]);
    expect(fillsOf([limit], bars, { limitGap: "limit" })).toEqual(["BUY 10 @ 95 bar 2"]);
  });
  it("sell above the market", () => {
    expect(fillsOf([{ ...sell, type: "limit", limitPrice: 105 }], [[101, 106, 100, 102]])).toEqual([
      "SELL 10 @ 105 bar 1",
    ]);
  });
  it("are rejected as post-only when they would take, and rest otherwise", () => {
    const taking = send([{ ...buy, type: "limit", limitPrice: 101, postOnly: true }], [flat(100)]);
    expect(statusOf(taking, 1)).toBe("rejected: post-only order would have taken");
    const resting = send([{ ...limit, postOnly: true }], [[98, 99, 95, 97]]);
    expect(resting.fills.at(0)!.liquidity).toBe("maker");
  });
});

describe("stop orders", () => {
  it("fill at their price inside a bar, and at the open when it gaps through them", () => {
    const stop = { ...buy, type: "stop", stopPrice: 103 } as const;
    expect(fillsOf([stop], [[101, 104, 100, 102]])).toEqual(["BUY 10 @ 103 bar 1"]);
    expect(fillsOf([stop], [[106, 107, 105, 106]])).toEqual(["BUY 10 @ 106 bar 1"]);
    expect(fillsOf([stop], [[106, 107, 105, 106]], { stopGap: "stop" })).toEqual(["BUY 10 @ 103 bar 1"]);
    expect(fillsOf([{ ...sell, type: "stop", stopPrice: 97 }], [[99, 100, 96, 98]])).toEqual(["SELL 10 @ 97 bar 1"]);
  });
  it("become a limit when they are stop-limits", () => {
    const order = { ...buy, type: "stop_limit", stopPrice: 103, limitPrice: 102 } as const;
    // Up to 104 triggers; the fall to 101 then meets the limit at 102.
    expect(fillsOf([order], [[100, 104, 101, 101]], { intrabarPath: "ohlc" })).toEqual(["BUY 10 @ 102 bar 1"]);
    // Low first: after the trigger the price only falls to the close, 103.5.
    expect(fillsOf([order], [[100, 104, 99, 103.5], flat(103), flat(101)], { intrabarPath: "olhc" })).toEqual([
      "BUY 10 @ 101 bar 3",
    ]);
  });
  it("as stop-limits that gap go on from the open, or fill at the stop where no path is assumed", () => {
    const order = { ...buy, type: "stop_limit", stopPrice: 103, limitPrice: 104 } as const;
    const bars: TestBar[] = [[106, 107, 102, 105]];
    expect(fillsOf([order], bars, { intrabarPath: "none" })).toEqual(["BUY 10 @ 104 bar 1"]);
    expect(fillsOf([order], bars, { intrabarPath: "none", stopLimitGap: "stop" })).toEqual(["BUY 10 @ 103 bar 1"]);
  });
  it("trail the high within bars, or closes only", () => {
    const bars: TestBar[] = [
      [100, 100, 100, 100], // buys at 100
      [100, 110, 100, 108],
      [108, 108, 104, 104],
      [104, 104, 102, 102],
    ];
    const orders = [buy, { ...sell, type: "trailing_stop", trailAmount: 5 }] as const;
    expect(fillsOf(orders, bars, { intrabarPath: "olhc" })).toEqual(["BUY 10 @ 100 bar 1", "SELL 10 @ 105 bar 3"]); // 110 - 5
    expect(fillsOf(orders, bars, { trailMark: "close" })).toEqual(["BUY 10 @ 100 bar 1", "SELL 10 @ 103 bar 4"]); // 108 - 5
  });
  it("trail the high of the bars before, where no path is assumed", () => {
    const bars: TestBar[] = [
      [100, 100, 100, 100], // buys at 100
      [100, 110, 96, 108], // high and low of one bar: the stop is at 95 yet
      [108, 108, 104, 104],
    ];
    const orders = [buy, { ...sell, type: "trailing_stop", trailAmount: 5 }] as const;
    expect(fillsOf(orders, bars, { intrabarPath: "none" })).toEqual(["BUY 10 @ 100 bar 1", "SELL 10 @ 105 bar 3"]);
  });
  it("as stop-limits fill at a limit that the bar came back to, where no path is assumed", () => {
    const order = { ...buy, type: "stop_limit", stopPrice: 105, limitPrice: 102 } as const;
    const options = { intrabarPath: "none" } as const;
    expect(fillsOf([order], [[103, 106, 100, 101]], options)).toEqual(["BUY 10 @ 102 bar 1"]);
    expect(fillsOf([order], [[103, 106, 100, 104]], options)).toEqual([]);
    expect(fillsOf([order], [[103, 106, 100, 101]], { ...options, stopLimitGap: "stop" })).toEqual([]);
  });
  it("trail by a fraction, and follow lows on the buy side", () => {
    const orders = [sell, { ...buy, type: "trailing_stop", trailPercent: 0.1 }] as const;
    const bars: TestBar[] = [flat(100), [100, 100, 80, 80], [80, 90, 80, 89]];
    expect(fillsOf(orders, bars, { intrabarPath: "ohlc" })).toEqual(["SELL 10 @ 100 bar 1", "BUY 10 @ 88 bar 3"]);
  });
});

describe("orders on the session's open and close", () => {
  const hourMs = 3_600_000;
  function hourly(type: "market_on_open" | "market_on_close", sentAtHour: number) {
    const broker = createBroker({}, [defineInstrument({ symbol: "X" })]);
    for (let hour = 0; hour < 72; hour++) {
      const nowMs = (hour + 1) * hourMs;
      broker.onBar(0, hour * hourMs, nowMs, hour, hour + 0.5, hour, hour + 0.5, 1);
      broker.onTime(nowMs);
      if (hour + 1 === sentAtHour) broker.submit({ instrument: 0, side: "BUY", quantity: 1, type }, nowMs);
      broker.afterIntents(nowMs);
    }
    return broker.fills.toArray().map((fill) => [fill.timeMs / hourMs, fill.price]);
  }
  it("market-on-open waits for the first bar of the next session", () => {
    expect(hourly("market_on_open", 5)).toEqual([[24, 24]]);
    expect(hourly("market_on_open", 24)).toEqual([[24, 24]]);
  });
  it("market-on-close fills at the close of the session's last bar", () => {
    expect(hourly("market_on_close", 5)).toEqual([[24, 23.5]]);
    expect(hourly("market_on_close", 24)).toEqual([[48, 47.5]]);
  });
});

describe("time in force", () => {
  const limit = { ...buy, type: "limit", limitPrice: 90 } as const;
  it("GTC stays", () => {
    expect(fillsOf([limit], [flat(100), flat(100), flat(89)])).toEqual(["BUY 10 @ 89 bar 3"]);
  });
  it("GTD expires at its time", () => {
    const order = { ...limit, timeInForce: "GTD", expireAt: 3 * minuteMs } as const;
    const broker = send([order], [flat(100), flat(100), flat(89)]);
    expect(shownFills(broker)).toEqual([]);
    expect(statusOf(broker, 1)).toBe("expired: time in force ended");
    expect(broker.orders.at(0)!.closedMs).toBe(3 * minuteMs);
  });
  it("DAY ends with the session", () => {
    const dayBars = 24 * 60;
    const bars = Array.from({ length: dayBars + 1 }, (_, index) => flat(index + 1 < dayBars ? 100 : 89));
    const broker = send([{ ...limit, timeInForce: "DAY" }], bars);
    expect(shownFills(broker)).toEqual([]);
    expect(broker.orders.at(0)!.closedMs).toBe(dayBars * minuteMs);
  });
  it("IOC takes what is there at the first open and expires the rest", () => {
    const broker = send([{ ...buy, timeInForce: "IOC" }], [flat(100, 40)], { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual(["BUY 4 @ 100 bar 1"]);
    expect(statusOf(broker, 1)).toBe("expired: not filled at once");
    expect(shownFills(send([{ ...limit, timeInForce: "IOC" }], [[100, 100, 80, 90]]))).toEqual([]);
  });
  it("FOK fills whole or not at all", () => {
    const order = { ...buy, timeInForce: "FOK" } as const;
    const broker = send([order], [flat(100, 40)], { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual([]);
    expect(statusOf(broker, 1)).toBe("expired: could not be filled whole");
    expect(shownFills(send([order], [flat(100, 100)], { volumeShareMax: 0.1 }))).toEqual(["BUY 10 @ 100 bar 1"]);
  });
});

describe("volume participation", () => {
  it("fills over several bars, a share of each", () => {
    const broker = send([buy], [flat(100, 40), flat(101, 40), flat(102, 40)], { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual(["BUY 4 @ 100 bar 1", "BUY 4 @ 101 bar 2", "BUY 2 @ 102 bar 3"]);
    expect(broker.orders.at(0)!.averagePrice).toBeCloseTo((400 + 404 + 204) / 10, 12);
    expect(statusOf(broker, 1)).toBe("filled");
  });
  it("shares one bar's volume among orders", () => {
    const broker = send([buy, buy], [flat(100, 120)], { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual(["BUY 10 @ 100 bar 1", "BUY 2 @ 100 bar 1"]);
  });
});

describe("groups", () => {
  it("OCO: the first fill cancels the others", () => {
    const broker = send(
      [
        { ...buy, type: "limit", limitPrice: 95, ocoGroup: "g" },
        { ...buy, type: "stop", stopPrice: 105, ocoGroup: "g" },
      ],
      [[100, 101, 94, 100], flat(106)],
    );
    expect(shownFills(broker)).toEqual(["BUY 10 @ 95 bar 1"]);
    expect(statusOf(broker, 2)).toBe("cancelled: another order of its group filled");
  });
  it("OCO: whatever ends one order ends the others, where the option says so", () => {
    const group = [
      { ...buy, type: "limit", limitPrice: 95, ocoGroup: "g", timeInForce: "GTD", expireAt: 2 * minuteMs },
      { ...buy, type: "stop", stopPrice: 105, ocoGroup: "g" },
    ] as const;
    const second = (options: Partial<BrokerOptions>) => statusOf(send(group, [flat(100), flat(100)], options), 2);
    expect(second({})).toBe("open");
    expect(second({ ocoEnd: "any" })).toBe("cancelled: another order of its group ended");
  });
  it("a child waits for its parent, and goes with it", () => {
    const filled = playBars({}, [flat(100), flat(94), flat(111)], {
      0: (broker, nowMs) => {
        const parent = broker.submit({ ...buy, type: "limit", limitPrice: 95 }, nowMs);
        const child = broker.submit({ ...sell, type: "limit", limitPrice: 110, parentId: parent.id }, nowMs);
        expect(child.status).toBe("pending_parent");
      },
    });
    expect(shownFills(filled)).toEqual(["BUY 10 @ 94 bar 1", "SELL 10 @ 111 bar 2"]);
    const cancelled = playBars({}, [flat(100), flat(100)], {
      0: (broker, nowMs) => {
        const parent = broker.submit({ ...buy, type: "limit", limitPrice: 95 }, nowMs);
        broker.submit({ ...sell, type: "limit", limitPrice: 90, parentId: parent.id }, nowMs);
        expect(broker.cancel(parent.id, nowMs)).toBe(true);
        expect(broker.cancel(parent.id, nowMs)).toBe(false);
      },
    });
    expect(statusOf(cancelled, 2)).toBe("cancelled: its parent did not fill");
    expect(cancelled.fills.length).toBe(0);
  });
  it("a bracket exits once, whichever side comes first", () => {
    const order = { ...buy, stopLoss: 95, takeProfit: 110 } as const;
    expect(send([order], [flat(100)]).orders.at(2)).toMatchObject({
      type: "limit",
      side: "SELL",
      parentId: 1,
      ocoGroup: "bracket of order 1",
      reduceOnly: true,
    });
    expect(fillsOf([order], [flat(100), [100, 111, 99, 105], flat(90)])).toEqual([
      "BUY 10 @ 100 bar 1",
      "SELL 10 @ 110 bar 2",
    ]);
    expect(fillsOf([order], [flat(100), [100, 101, 94, 96], flat(120)])).toEqual([
      "BUY 10 @ 100 bar 1",
      "SELL 10 @ 95 bar 2",
    ]);
  });
  it("a bracket is sized to what its entry has filled so far", () => {
    const order = { ...buy, stopLoss: 95 } as const;
    const broker = send([order], [flat(100, 40), flat(100, 40), [96, 96, 94, 94, 1_000]], { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual([
      "BUY 4 @ 100 bar 1",
      "BUY 4 @ 100 bar 2",
      "BUY 2 @ 96 bar 3",
      "SELL 10 @ 95 bar 3",
    ]);
    expect(broker.account.position(0).quantity).toBe(0);
  });
  it("a part of one bracket exit leaves the other for the rest", () => {
    const order = { ...buy, stopLoss: 95, takeProfit: 105 } as const;
    const bars: TestBar[] = [flat(100, 1_000), [100, 106, 100, 104, 40], [104, 104, 94, 94, 1_000]];
    const broker = send([order], bars, { volumeShareMax: 0.1 });
    expect(shownFills(broker)).toEqual(["BUY 10 @ 100 bar 1", "SELL 4 @ 105 bar 2", "SELL 6 @ 95 bar 3"]);
    expect(broker.openOrderCount).toBe(0);
  });
  it("bracket exits are cancelled when something else closes the position", () => {
    const broker = playBars({}, [flat(100), flat(100), flat(101), flat(80)], {
      0: (each, nowMs) => each.submit({ ...buy, stopLoss: 95, takeProfit: 110 }, nowMs),
      1: (each, nowMs) => each.submitTargetPercent(0, 0, nowMs),
    });
    expect(shownFills(broker)).toEqual(["BUY 10 @ 100 bar 1", "SELL 10 @ 101 bar 2"]);
    expect(statusOf(broker, 2)).toBe("cancelled: position closed");
    expect(broker.openOrderCount).toBe(0);
  });
  it("reduce-only never opens or turns a position", () => {
    const broker = playBars({}, [flat(100), flat(100), flat(100)], {
      0: (each, nowMs) => {
        each.submit({ ...buy, quantity: 4 }, nowMs);
        each.submit({ ...sell, reduceOnly: true }, nowMs);
        each.submit({ ...sell, reduceOnly: true }, nowMs);
      },
    });
    expect(shownFills(broker)).toEqual(["BUY 4 @ 100 bar 1", "SELL 4 @ 100 bar 1"]);
    expect(statusOf(broker, 3)).toBe("cancelled: nothing left to reduce");
  });
  it("carries tags and client ids through", () => {
    const broker = send([{ ...buy, tag: "breakout", clientOrderId: "c-1" }], [flat(100)]);
    expect(broker.orders.at(0)).toMatchObject({ tag: "breakout", clientOrderId: "c-1" });
    expect(broker.trades.at(0)!.tag).toBe("breakout");
  });
});

describe("orders on two instruments", () => {
  const two = () =>
    createBroker({ cash: 10_000 }, [defineInstrument({ symbol: "A" }), defineInstrument({ symbol: "B" })]);
  const step = (broker: Broker, minute: number, a: TestBar, b: TestBar) => {
    const nowMs = (minute + 1) * minuteMs;
    for (const [instrument, [open, high, low, close]] of [a, b].entries()) {
      broker.onBar(instrument, minute * minuteMs, nowMs, open, high, low, close, 1_000);
    }
    broker.onTime(nowMs);
    return nowMs;
  };
  it("a child on another instrument does not see the bar in which its parent filled", () => {
    const broker = two();
    const nowMs = step(broker, 0, flat(100), flat(50));
    const parent = broker.submit({ ...buy, type: "limit", limitPrice: 95 }, nowMs);
    broker.submit(
      { instrument: 1, side: "BUY", quantity: 1, type: "limit", limitPrice: 49, parentId: parent.id },
      nowMs,
    );
    step(broker, 1, [100, 100, 94, 96], [50, 50, 40, 50]); // the low of B may have come before the fill in A
    expect(broker.fills.length).toBe(1);
    step(broker, 2, flat(96), [50, 50, 48, 50]);
    expect(broker.fills.at(1)).toMatchObject({ instrument: 1, price: 49, barTimeMs: 2 * minuteMs });
  });
  it("one group cancels across instruments", () => {
    const broker = two();
    const nowMs = step(broker, 0, flat(100), flat(50));
    broker.submit({ ...buy, type: "limit", limitPrice: 95, ocoGroup: "g" }, nowMs);
    broker.submit({ ...buy, instrument: 1, type: "limit", limitPrice: 45, ocoGroup: "g" }, nowMs);
    step(broker, 1, flat(94), flat(44));
    expect(shownFills(broker)).toEqual(["BUY 10 @ 94 bar 1"]);
    expect(statusOf(broker, 2)).toBe("cancelled: another order of its group filled");
  });
  it("a same-close order waits for the next open where its instrument did not close", () => {
    const broker = createBroker({ marketFill: "same_close" }, [
      defineInstrument({ symbol: "A" }),
      defineInstrument({ symbol: "B" }),
    ]);
    broker.onBar(1, 0, minuteMs, 50, 50, 50, 50, 1);
    broker.onBar(0, minuteMs, 2 * minuteMs, 100, 100, 100, 100, 1);
    broker.onTime(2 * minuteMs);
    broker.submit({ instrument: 1, side: "BUY", quantity: 1 }, 2 * minuteMs);
    broker.afterIntents(2 * minuteMs);
    expect(broker.fills.length).toBe(0);
    broker.onBar(1, 2 * minuteMs, 3 * minuteMs, 51, 52, 51, 52, 1);
    expect(broker.fills.at(0)).toMatchObject({ price: 51, timeMs: 2 * minuteMs });
  });
  it("an order does not see a bar that was under way when it was sent", () => {
    const broker = two();
    broker.onBar(0, 0, minuteMs, 100, 100, 100, 100, 1);
    broker.onTime(minuteMs);
    broker.submit({ instrument: 1, side: "BUY", quantity: 1, type: "limit", limitPrice: 45 }, minuteMs);
    broker.onBar(1, 0, 5 * minuteMs, 50, 50, 40, 50, 1); // opened before, closes after
    expect(broker.fills.length).toBe(0);
  });
});

describe("exclusive orders", () => {
  it("cancel what is open and close the position first", () => {
    const broker = playBars({ exclusiveOrders: true }, [flat(100), flat(100), flat(101), flat(102)], {
      0: (each, nowMs) => each.submit(buy, nowMs),
      1: (each, nowMs) => {
        each.submit({ ...buy, type: "limit", limitPrice: 50 }, nowMs);
      },
      2: (each, nowMs) => each.submit(sell, nowMs),
    });
    expect(shownFills(broker)).toEqual(["BUY 10 @ 100 bar 1", "SELL 10 @ 101 bar 2", "SELL 10 @ 102 bar 3"]);
    expect(statusOf(broker, 3)).toBe("cancelled: replaced by a newer order");
  });
});

describe("intents that are no orders", () => {
  const cases: readonly [string, Partial<OrderIntent>, RegExp][] = [
    ["no size", { side: "BUY" }, /size of an order must be one of quantity.*found "none"/],
    ["two sizes", { side: "BUY", quantity: 1, value: 1 }, /found "quantity and value"/],
    ["no side", { quantity: 1 }, /side of an order must be "BUY" or "SELL"/],
    ["a negative quantity", { side: "BUY", quantity: -1 }, /quantity of an order must be above 0; found -1/],
    ["a limit without a price", { side: "BUY", quantity: 1, type: "limit" }, /limitPrice .* given for a limit order/],
    [
      "a price on a market order",
      { side: "BUY", quantity: 1, limitPrice: 5 },
      /limitPrice .* absent for a market order/,
    ],
    ["NaN", { side: "BUY", quantity: NaN }, /quantity .* a finite number; found NaN/],
    ["GTD without a time", { side: "BUY", quantity: 1, timeInForce: "GTD" }, /expireAt .* given for GTD/],
    [
      "a bracket inside out",
      { side: "BUY", quantity: 1, stopLoss: 110, takeProfit: 90 },
      /takeProfit .* beyond stopLoss/,
    ],
    ["an unknown parent", { side: "BUY", quantity: 1, parentId: 7 }, /parentId .* the id of an earlier order; found 7/],
    ["two trails", { side: "SELL", quantity: 1, type: "trailing_stop", trailAmount: 1, trailPercent: 0.1 }, /trail /],
  ];
  for (const [name, fields, message] of cases) {
    it(`refuses ${name}, and nothing is left behind`, () => {
      const broker = createBroker({}, [defineInstrument({ symbol: "X" })]);
      const error = expect(() => broker.submit({ instrument: 0, ...fields }, 0));
      error.toThrowError(message);
      expect([broker.orders.length, broker.openOrderCount]).toEqual([0, 0]);
    });
  }
  it("refuses an instrument the account does not have", () => {
    const broker = createBroker({}, [defineInstrument({ symbol: "X" })]);
    expect(() => broker.submit({ ...buy, instrument: 3 }, 0)).toThrowError(/instrument 3; the account has 1/);
  });
});
