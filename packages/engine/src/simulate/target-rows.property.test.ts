import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { FilledTargets } from "../broker/filled-targets.ts";
import { createBroker, defaultBrokerOptions, targetOf, type BrokerOptions } from "../broker/index.ts";
import { ColumnPool } from "../columns/index.ts";
import { defineInstrument } from "../instrument/index.ts";
import { createEquityTracker, performanceMetrics } from "../metrics/index.ts";
import { BlockMarks } from "./block-marks.ts";
import { FeedReplay, type TargetOrder } from "./feed-replay.ts";
import type { BarFeed } from "./simulate-columns.ts";
import { Simulation } from "./simulation.ts";

const intervalMs = 3_600_000;
const part = fc.double({ min: 0, max: 1, noNaN: true });

// Random walks; now and then a bar or its open is absent, a bar is missing, or the market falls to nothing.
const step = fc.record({
  open: fc.double({ min: 0.9, max: 1.12, noNaN: true }),
  close: fc.oneof(
    { weight: 30, arbitrary: fc.double({ min: 0.85, max: 1.15, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0.01, 3) },
  ),
  above: part,
  below: part,
  hours: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(30) }),
  absent: fc.oneof(
    { weight: 40, arbitrary: fc.constant("") },
    { weight: 1, arbitrary: fc.constantFrom("bar", "open") },
  ),
  target: fc.oneof(
    { weight: 4, arbitrary: fc.constant(Number.NaN) },
    { weight: 3, arbitrary: fc.constantFrom(1, -1, 0, 0.5, -0.3, 1.7) },
  ),
});
const steps = (minLength: number, maxLength: number) => fc.array(step, { minLength, maxLength });

function feedOf(rows: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): BarFeed {
  let [price, timeMs] = [100, 0];
  const bars = rows.map((row) => {
    const open = price * row.open;
    const close = (price = open * row.close);
    const high = Math.max(open, close) * (1 + row.above * 0.05);
    const low = Math.min(open, close) * (1 - row.below * 0.05);
    timeMs += row.hours * intervalMs;
    const absent = row.absent === "bar" ? Number.NaN : 1;
    return { timeMs, open: open * (row.absent === "open" ? Number.NaN : absent), high, low, close: close * absent };
  });
  const column = (pick: (bar: (typeof bars)[number], row: number) => number) => Float64Array.from(bars, pick);
  return {
    instrument: 0,
    intervalMs,
    length: bars.length,
    time: column((bar) => bar.timeMs),
    open: column((bar) => bar.open),
    high: column((bar) => bar.high),
    low: column((bar) => bar.low),
    close: column((bar) => bar.close),
    volume: column((_, row) => (row % 7 === 0 ? Number.NaN : 50 + row)),
  };
}

const options: fc.Arbitrary<Partial<BrokerOptions>> = fc.record({
  cash: fc.constantFrom(100, 100_000, 1_234.56),
  marketFill: fc.constantFrom("next_open" as const, "same_close" as const),
  sizing: fc.constantFrom("submit" as const, "fill" as const),
  rebalance: fc.constantFrom("on_change" as const, "every_bar" as const),
  percentOf: fc.constantFrom("equity" as const, "cash" as const, "buying_power" as const),
  slippageOn: fc.constantFrom("takers" as const, "market" as const),
  oneOrderPerBar: fc.boolean(),
  shortSales: fc.constantFrom("margin" as const, "free" as const),
  insufficientFunds: fc.constantFrom("reduce" as const, "reject" as const),
  account: fc.constantFrom("cash" as const, "margin" as const),
  initialMargin: fc.constantFrom(1, 0.25),
  maintenanceMargin: fc.constantFrom(0, 0.2),
  shorting: fc.boolean(),
  wholeUnits: fc.boolean(),
  closeAtEnd: fc.boolean(),
  endPrice: fc.constantFrom("close" as const, "open" as const),
  fees: fc.constantFrom<BrokerOptions["fees"]>(
    { kind: "none" },
    { kind: "percent", rate: 0.001 },
    { kind: "percent", rate: 0.0005, minimum: 1 },
    { kind: "fixed", amount: 2 },
    { kind: "tiered", by: "volume", tiers: [{ upTo: 300, rate: 0.01 }, { upTo: 1e9, rate: 0.001 }] }, // prettier-ignore
  ),
  slippage: fc.constantFrom<BrokerOptions["slippage"]>(
    { kind: "none" },
    { kind: "percent", rate: 0.003 },
    { kind: "square_root", coefficient: 0.01 },
  ),
});
const instruments = fc
  .record({
    lotSize: fc.constantFrom("0", "0.01"),
    tickSize: fc.constantFrom("0", "0.05"),
    multiplier: fc.constantFrom(1, 10),
  })
  .map((each) => defineInstrument({ symbol: "X/USD", ...each }));

/** Rows handed over together, and how many orders of them came back to be sent row by row. */
function replay(
  simulation: Simulation,
  feed: BarFeed,
  order: TargetOrder,
  cuts: readonly number[],
  run: (replay: FeedReplay, from: number, to: number) => void,
): number {
  expect(simulation.takesTargetRows).toBe(true);
  const sent = [
    vi.spyOn(simulation.broker, "submitTargetPercent"),
    vi.spyOn(simulation.broker, "submitTargetQuantity"),
  ];
  const feedReplay = new FeedReplay(simulation, feed, order);
  const ends = [...cuts.filter((cut) => cut < feed.length).sort((a, b) => a - b), feed.length];
  ends.forEach((end, index) => run(feedReplay, index === 0 ? 0 : ends[index - 1]!, end));
  return sent.reduce((count, spy) => count + spy.mock.calls.length, 0);
}

const accounts = fc.record({
  brokerOptions: options,
  instrument: instruments,
  unit: fc.constantFrom("percent" as const, "quantity" as const),
  basis: fc.constantFrom("1d" as const, "bar" as const),
});
type AccountOptions = typeof accounts extends fc.Arbitrary<infer T> ? T : never;

function open({ brokerOptions, instrument, basis }: AccountOptions): Simulation {
  const broker = createBroker(brokerOptions, [instrument]);
  const tracker = createEquityTracker({ calendar: "24x7", startEquity: broker.options.cash, intervalMs, basis });
  return new Simulation(broker, tracker, 1, 16);
}

function expectSame(together: Simulation, apart: Simulation): void {
  expect(everythingOf(together)).toEqual(everythingOf(apart));
  expect(together.save()).toEqual(apart.save());
  together.finish();
  apart.finish();
  expect(everythingOf(together)).toEqual(everythingOf(apart));
}

it("leaves what row by row leaves, bit for bit, whatever the bars, the targets, the options and the cuts", () => {
  let [orders, sentByRow] = [0, 0];
  fc.assert(
    fc.property(steps(3, 60), accounts, fc.array(fc.nat(60), { maxLength: 4 }), (rows, account, cuts) => {
      const feed = feedOf(rows);
      const targets = Float64Array.from(rows, ({ target }) => target);
      const [together, apart] = [open(account), open(account)];
      sentByRow += replay(together, feed, { instrument: 0, unit: account.unit }, cuts, (replay, from, to) =>
        replay.run(targets, from, from, to),
      );
      for (let row = 0; row < feed.length; row++) stepRow(apart, feed, row, targets[row]!, account.unit);
      expectSame(together, apart);
      orders += together.broker.orders.length;
    }),
    { numRuns: 1_000 },
  );
  // What is refused, and what nobody is there to fill, goes row by row; it must not be the rule, or this shows nothing.
  expect(sentByRow / orders).toBeLessThan(0.4);
});

it("leaves the same by vector code, where targets and closes come block by block in columns of a pool", () => {
  const pool = new ColumnPool();
  const [values, closes] = [pool.take(400), pool.take(400)];
  const lookback = 3;
  let [orders, sentByRow] = [0, 0];
  const marked = vi.spyOn(BlockMarks.prototype, "take");
  fc.assert(
    fc.property(steps(70, 300), accounts, fc.array(fc.nat(300), { maxLength: 2 }), (rows, account, cuts) => {
      const feed = feedOf(rows);
      const targets = Float64Array.from(rows, ({ target }) => target);
      const [together, apart] = [open(account), open(account)];
      sentByRow += replay(together, feed, { instrument: 0, unit: account.unit, closes }, cuts, (replay, from, to) => {
        values.set(targets.subarray(from, to), lookback);
        closes.set(feed.close.subarray(from, to), lookback);
        replay.run(values, lookback, from, to);
      });
      for (let row = 0; row < feed.length; row++) stepRow(apart, feed, row, targets[row]!, account.unit);
      expectSame(together, apart);
      orders += together.broker.orders.length;
    }),
    { numRuns: 400 },
  );
  expect(marked).toHaveBeenCalled();
  expect(sentByRow / orders).toBeLessThan(0.4);
  pool.releaseAll();
});

// As above, without what leaves orders to others: gaps between rows, costs that are not a share, fills at the next open.
const plainStep = fc.record({
  close: fc.oneof(
    { weight: 60, arbitrary: fc.double({ min: 0.85, max: 1.15, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0.01, 3, Number.NaN) },
  ),
  signal: fc.oneof(
    { weight: 2, arbitrary: fc.constant(Number.NaN) },
    { weight: 3, arbitrary: fc.constantFrom(1, -1, 0, -0, 2.5) },
  ),
});
const plainOptions: fc.Arbitrary<Partial<BrokerOptions>> = fc.record({
  cash: fc.constantFrom(100, 100_000, 1_234.56),
  marketFill: fc.constant("same_close" as const),
  sizing: fc.constantFrom("submit" as const, "fill" as const),
  rebalance: fc.constantFrom("on_change" as const, "every_bar" as const),
  insufficientFunds: fc.constantFrom("reduce" as const, "reject" as const),
  account: fc.constantFrom("cash" as const, "margin" as const),
  initialMargin: fc.constantFrom(1, 0.25),
  maintenanceMargin: fc.constantFrom(0, 0.2),
  shorting: fc.boolean(),
  closeAtEnd: fc.boolean(),
  fees: fc.constantFrom<BrokerOptions["fees"]>({ kind: "none" }, { kind: "percent", rate: 0.003 }),
});
const signTargets = fc.record({
  above: fc.constantFrom(1, 0.5, 1.7),
  below: fc.constantFrom(0, 0, -1, Number.NaN),
  atZero: fc.constantFrom(0, -0.3, Number.NaN),
});

it("leaves the same where vector code fills the orders", () => {
  const pool = new ColumnPool();
  const [values, closes] = [pool.take(1_000), pool.take(1_000)];
  const filled = vi.spyOn(FilledTargets.prototype, "appendRows");
  let orders = 0;
  const plainAccount = fc.record({
    brokerOptions: plainOptions,
    multiplier: fc.constantFrom(1, 10),
    unit: fc.constantFrom("percent" as const, "quantity" as const),
    basis: fc.constantFrom("1d" as const, "bar" as const),
    signTargets: fc.option(signTargets, { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(plainStep, { minLength: 70, maxLength: 900, size: "max" }),
      plainAccount,
      fc.array(fc.nat(900), { maxLength: 4 }),
      fc.array(fc.constantFrom("no look", "trades", "sums", "snapshot"), { minLength: 5, maxLength: 5 }),
      (steps, { multiplier, signTargets, ...options }, cuts, looks) => {
        const whole = { above: 0.05, below: 0.05, hours: 1 as const, absent: "" as const, open: 1, target: Number.NaN };
        const feed = feedOf(steps.map(({ close }) => ({ ...whole, close: Number.isNaN(close) ? 1 : close })));
        for (const [row, { close }] of steps.entries()) if (Number.isNaN(close)) feed.close[row] = close;
        const signals = Float64Array.from(steps, ({ signal }) => signal);
        const account = { ...options, instrument: defineInstrument({ symbol: "X/USD", multiplier }) };
        const [together, apart] = [open(account), open(account)];
        const order = { instrument: 0, unit: options.unit, closes, ...(signTargets && { signTargets }) };
        // Between the rows somebody may look at what there is so far, which must not change what comes.
        const rest = [...looks];
        replay(together, feed, order, cuts, (replay, from, to) => {
          const look = rest.pop();
          if (look === "trades") together.broker.trades.toArray();
          if (look === "sums") together.broker.tradeOutcomes();
          if (look === "snapshot") together.load(together.save());
          values.set(signals.subarray(from, to));
          closes.set(feed.close.subarray(from, to));
          replay.run(values, 0, from, to);
        });
        for (let row = 0; row < feed.length; row++) {
          const signal = signals[row]!;
          stepRow(apart, feed, row, Number.isNaN(signal) ? signal : targetOf(signal, signTargets), options.unit);
        }
        expectSame(together, apart);
        orders += together.broker.orders.length;
      },
    ),
    { numRuns: 400 },
  );
  const byVectors = filled.mock.calls.reduce((count, [rows]) => count + rows.length / 9, 0);
  expect(byVectors / orders).toBeGreaterThan(0.3);
  pool.releaseAll();
});

function stepRow(simulation: Simulation, feed: BarFeed, row: number, target: number, unit: "percent" | "quantity") {
  const nowMs = feed.time[row]! + intervalMs;
  const { time, open, high, low, close, volume } = feed;
  simulation.bar(0, time[row]!, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
  simulation.open(nowMs);
  if (!Number.isNaN(target)) simulation.target(0, target, unit, nowMs);
  simulation.close(nowMs);
}

function everythingOf({ broker, tracker, times, equity, cash, positions }: Simulation) {
  const { orders, fills, trades, counters } = broker;
  const metrics = equity.every(Number.isFinite) && performanceMetrics(tracker, broker.tradeOutcomes());
  const records = [orders, fills, trades].map((list) => list.toArray());
  return { records, counters, times, equity, cash, positions, metrics: { ...metrics }, tracked: tracker.save() };
}

it.each<[string, Partial<BrokerOptions>]>([
  ["fills at the next close", { marketFill: "next_close" }],
  ["a bound on volume", { volumeShareMax: 0.5 }],
  ["latency", { latencyMs: 1 }],
  ["latency in bars", { latencyBars: 1 }],
  ["a check when it is sent", { checkOnSubmit: true }],
  ["borrow", { borrowRate: 0.1 }],
  ["interest on cash", { cashInterestRate: 0.1 }],
  ["interest on debt", { marginInterestRate: 0.1 }],
  ["settlement", { settlementDays: 1 }],
  ["funding", { funding: [{ symbol: "X/USD", timeMs: 0, rate: 0.1 }] }],
  ["corporate actions", { corporateActions: [{ kind: "split", symbol: "X/USD", timeMs: 0, ratio: 2 }] }],
  ["another currency", { currency: "EUR", fxRates: { USD: 0.9 } }],
])("leaves accounts with %s to the general way", (_, given) => {
  const [plain, other] = [{}, given].map((each) => createBroker(each, [defineInstrument({ symbol: "X/USD" })]));
  expect(plain!.takesTargetBars).toBe(true);
  expect(other!.takesTargetBars).toBe(false);
  expect(Object.keys(defaultBrokerOptions)).toEqual(expect.arrayContaining(Object.keys(given)));
});

it("leaves accounts of several instruments, and of one with a minimum notional, to the general way", () => {
  const plain = defineInstrument({ symbol: "X/USD" });
  const minimum = defineInstrument({ symbol: "X/USD", notionalMin: "10" });
  expect(createBroker({}, [plain, defineInstrument({ symbol: "Y/USD" })]).takesTargetBars).toBe(false);
  expect(createBroker({}, [minimum]).takesTargetBars).toBe(false);
});
