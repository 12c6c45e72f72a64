import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineInstrument, type Instrument } from "../instrument/index.ts";
import { createBroker, type Broker, type BrokerOptions, type FeeModel, type OrderIntent } from "./index.ts";
import { minuteMs } from "./play-bars.ts";

// Money is float64: identities hold to 1e-9 of the largest amount in play.
const tolerance = 1e-9;

interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}
type Action = { readonly cancel: number } | { readonly intent: OrderIntent } | { readonly target: number };
interface Script {
  readonly options: Partial<BrokerOptions>;
  readonly bars: readonly (readonly Bar[])[]; // by time, by instrument
  readonly actions: readonly (readonly Action[])[]; // by time
}

const price = fc.integer({ min: 8_000, max: 12_000 }).map((cents) => cents / 100);
const bar: fc.Arbitrary<Bar> = fc
  .tuple(price, price, price, price, fc.constantFrom(0, 50, 1_000, NaN))
  .map(([open, a, b, close, volume]) => ({
    open,
    high: Math.max(open, a, b, close),
    low: Math.min(open, a, b, close),
    close,
    volume,
  }));

const fees: fc.Arbitrary<FeeModel> = fc.constantFrom<FeeModel>(
  { kind: "none" },
  { kind: "percent", rate: 0.001, minimum: 1 },
  { kind: "fixed", amount: 2 },
  { kind: "maker_taker", maker: -0.0001, taker: 0.0007 },
  {
    kind: "composite",
    parts: [
      { kind: "per_unit", amount: 0.01, maximum: 5 },
      { kind: "percent", rate: 0.0005 },
    ],
  },
);

const options: fc.Arbitrary<Partial<BrokerOptions>> = fc.record(
  {
    fees,
    marketFill: fc.constantFrom("next_open", "same_close", "next_close"),
    intrabarPath: fc.constantFrom("pessimistic", "optimistic", "ohlc", "olhc", "direction", "none"),
    matching: fc.constantFrom("exit_first", "fifo"),
    limitFill: fc.constantFrom("touch", "cross"),
    bracketActivation: fc.constantFrom("same_bar", "next_bar", "unambiguous"),
    trailMark: fc.constantFrom("high", "close"),
    sizing: fc.constantFrom("submit", "fill"),
    insufficientFunds: fc.constantFrom("reduce", "reject"),
    volumeShareMax: fc.constantFrom(null, 0.1),
    latencyBars: fc.constantFrom(0, 1),
    exclusiveOrders: fc.boolean(),
    percentOf: fc.constantFrom("equity", "cash", "buying_power"),
    slippageOn: fc.constantFrom("takers", "market", "entries", "within_bar"),
    oneOrderPerBar: fc.boolean(),
    ocoEnd: fc.constantFrom("fill", "any"),
    shortSales: fc.constantFrom("margin", "free"),
    checkOnSubmit: fc.boolean(),
    slippage: fc.constantFrom(
      { kind: "none" } as const,
      { kind: "percent", rate: 0.001 } as const,
      {
        kind: "square_root",
        coefficient: 0.01,
      } as const,
    ),
  },
  { requiredKeys: [] },
);

const size: fc.Arbitrary<Partial<OrderIntent>> = fc.oneof(
  fc.record({
    quantity: fc.integer({ min: 1, max: 2_000 }).map((each) => each / 10),
    side: fc.constantFrom("BUY", "SELL"),
  }),
  fc.record({ value: fc.integer({ min: 1, max: 20_000 }), side: fc.constantFrom("BUY", "SELL") }),
  fc.record({ percent: fc.constantFrom(-1.5, -0.5, 0.3, 1) }),
  fc.record({ targetQuantity: fc.integer({ min: -50, max: 50 }) }),
  fc.record({ targetPercent: fc.constantFrom(-1, -0.4, 0, 0.5, 1, 3) }),
);
const kind: fc.Arbitrary<Partial<OrderIntent>> = fc.oneof(
  fc.constant({}),
  fc.record({ type: fc.constant("limit" as const), limitPrice: price, postOnly: fc.boolean() }),
  fc.record({ type: fc.constant("stop" as const), stopPrice: price }),
  fc.record({ type: fc.constant("stop_limit" as const), stopPrice: price, limitPrice: price }),
  fc.record({ type: fc.constant("trailing_stop" as const), trailPercent: fc.constantFrom(0.01, 0.05) }),
  fc.record({ type: fc.constantFrom("market_on_open" as const, "market_on_close" as const) }),
);
const extras: fc.Arbitrary<Partial<OrderIntent>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ reduceOnly: fc.constant(true) }),
  fc.record({ ocoGroup: fc.constantFrom("a", "b") }),
  fc.record({ stopLoss: price }),
  fc.record({ takeProfit: price }),
  fc.record({
    timeInForce: fc.constantFrom("DAY" as const, "IOC" as const, "FOK" as const),
    postOnly: fc.constant(false),
  }),
);
const action = (instruments: number): fc.Arbitrary<Action> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.nat({ max: instruments - 1 }), size, kind, extras)
        .map(([instrument, ...parts]) => ({ intent: Object.assign({ instrument }, ...parts) as OrderIntent })),
    },
    { weight: 1, arbitrary: fc.nat({ max: 20 }).map((cancel) => ({ cancel })) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 0, 0.5, 1).map((target) => ({ target })) },
  );

function scripts(instruments: number): fc.Arbitrary<Script> {
  return fc.integer({ min: 2, max: 14 }).chain((length) =>
    fc.record({
      options,
      bars: fc.array(fc.array(bar, { minLength: instruments, maxLength: instruments }), {
        minLength: length,
        maxLength: length,
      }),
      actions: fc.array(fc.array(action(instruments), { maxLength: 3 }), { minLength: length, maxLength: length }),
    }),
  );
}

const twoInstruments = [
  defineInstrument({ symbol: "A", lotSize: "0.1", tickSize: "0.01" }),
  defineInstrument({ symbol: "B", lotSize: "0.001" }),
];

function open(script: Script, instruments: readonly Instrument[] = twoInstruments): Broker {
  return createBroker({ cash: 10_000, ...script.options }, instruments);
}

function step(broker: Broker, script: Script, minute: number): void {
  const nowMs = (minute + 1) * minuteMs;
  for (const [instrument, each] of script.bars[minute]!.entries()) {
    broker.onBar(instrument, minute * minuteMs, nowMs, each.open, each.high, each.low, each.close, each.volume);
  }
  broker.onTime(nowMs);
  for (const each of script.actions[minute]!) {
    if ("cancel" in each) broker.cancel(each.cancel, nowMs);
    else if ("target" in each) broker.submitTargetPercent(0, each.target, nowMs);
    else broker.submit(each.intent, nowMs);
  }
  broker.afterIntents(nowMs);
}

function near(actual: number, expected: number, scale = 10_000): void {
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
    tolerance * Math.max(scale, Math.abs(expected)),
  );
}

function checkBooks(broker: Broker, script: Script, minute: number): void {
  const { account } = broker;
  const marks = script.bars[minute]!.map((each) => each.close);
  let value = 0;
  for (const instrument of marks.keys()) {
    const { quantity } = account.position(instrument);
    let filled = 0;
    for (const fill of broker.fills)
      if (fill.instrument === instrument) filled += fill.side === "BUY" ? fill.quantity : -fill.quantity;
    near(quantity, filled, 100);
    value += quantity * marks[instrument]!;
  }
  near(account.equity, account.cash + value);
  near(account.realisedPnl + account.unrealisedPnl, account.equity - account.deposits);
  let profit = 0;
  for (const trade of broker.trades) profit += trade.pnl;
  near(profit, account.equity - account.deposits);
  const counts = broker.counters;
  expect(counts.accepted).toBe(counts.filled + counts.cancelled + counts.rejected + counts.expired + counts.open);
  const statuses = { filled: 0, cancelled: 0, rejected: 0, expired: 0, open: 0 };
  for (const { status } of broker.orders) {
    const open = status === "partially_filled" || status === "pending_parent";
    statuses[open ? "open" : (status as keyof typeof statuses)]++;
  }
  expect(counts).toMatchObject(statuses);
  expect(broker.openOrderCount).toBe(statuses.open);
}

function checkNumbers(broker: Broker): void {
  const { cash, equity, realisedPnl, unrealisedPnl, feesPaid } = broker.account;
  for (const each of [cash, equity, realisedPnl, unrealisedPnl, feesPaid]) expect(Number.isFinite(each)).toBe(true);
  for (const fill of broker.fills) {
    for (const each of [fill.price, fill.quantity, fill.fee, fill.slippage, fill.timeMs])
      expect(Number.isFinite(each)).toBe(true);
    expect(fill.quantity).toBeGreaterThan(0);
    expect(fill.price).toBeGreaterThan(0);
  }
  for (const order of broker.orders) {
    expect(Number.isFinite(order.quantity)).toBe(true);
    expect(order.filledQuantity).toBeLessThanOrEqual(order.quantity * (1 + tolerance));
  }
}

const runs = { numRuns: 400 };

describe("whatever the orders", () => {
  it("fills sum to positions, cash and positions to equity, profits to what equity gained, orders to their ends", () => {
    fc.assert(
      fc.property(scripts(2), (script) => {
        const broker = open(script);
        for (const minute of script.bars.keys()) {
          step(broker, script, minute);
          checkBooks(broker, script, minute);
        }
        checkNumbers(broker);
      }),
      runs,
    );
  });

  it("never spends cash it does not have, without leverage", () => {
    fc.assert(
      fc.property(scripts(2), fc.constantFrom("cash", "margin"), (script, account) => {
        // Of buying power fees are counted before slippage: cash may end below zero by the fee on that.
        const { percentOf } = script.options;
        const bounded = { account, shorting: false, percentOf: percentOf === "cash" ? percentOf : "equity" };
        const long = { ...script, options: { ...script.options, ...bounded } as Partial<BrokerOptions> };
        const broker = open(long);
        for (const minute of long.bars.keys()) {
          step(broker, long, minute);
          // Only a fee on an exit may exceed what the exit brings.
          const feesOnExits = broker.fills
            .toArray()
            .reduce((sum, fill) => sum + (fill.side === "SELL" ? Math.max(0, fill.fee) : 0), 0);
          expect(broker.account.cash).toBeGreaterThanOrEqual(-feesOnExits);
        }
      }),
      runs,
    );
  });

  it("never opens more than the initial margin allows", () => {
    fc.assert(
      fc.property(scripts(1), fc.constantFrom(1, 0.5, 0.1), (script, initialMargin) => {
        // With free short sales, or fees that margin carries, more can be opened.
        const bounded = { shortSales: "margin", percentOf: "equity", initialMargin } as const;
        const broker = open({ ...script, options: { ...script.options, ...bounded } }, twoInstruments.slice(0, 1));
        let fills = 0;
        for (const minute of script.bars.keys()) {
          const before = broker.account.position(0).quantity;
          step(broker, script, minute);
          // With one fill since the last look, the account at that fill's price is known.
          if (broker.fills.length === fills + 1) {
            const { price: paid } = broker.fills.at(fills)!;
            const after = broker.account.position(0).quantity;
            const equity = broker.account.cash + after * paid;
            if (Math.abs(after) > Math.abs(before)) {
              expect(Math.abs(after) * paid * initialMargin).toBeLessThanOrEqual(equity + tolerance * 10_000);
            }
          }
          fills = broker.fills.length;
        }
      }),
      runs,
    );
  });
});

describe("a run does not change when", () => {
  it("it is cut anywhere, saved as JSON and continued elsewhere", () => {
    fc.assert(
      fc.property(scripts(2), fc.nat(), (script, at) => {
        const whole = open(script);
        let cut = open(script);
        for (const minute of script.bars.keys()) {
          step(whole, script, minute);
          step(cut, script, minute);
          if (minute === at % script.bars.length) {
            const saved = JSON.stringify(cut.save());
            cut = open(script);
            cut.load(JSON.parse(saved));
            expect(JSON.stringify(cut.save())).toBe(saved);
          }
        }
        expect(JSON.stringify(cut.save())).toBe(JSON.stringify(whole.save()));
        expect(cut.orders.toArray()).toEqual(whole.orders.toArray());
        expect(cut.trades.toArray()).toEqual(whole.trades.toArray());
      }),
      { numRuns: 150 },
    );
  });

  it("all prices and money double: returns stay bit for bit", () => {
    const scale = 2;
    fc.assert(
      fc.property(scripts(1), (script) => {
        const free = { ...script, options: { ...script.options, fees: { kind: "percent", rate: 0.001 } as const } };
        const base = createBroker({ cash: 10_000, ...free.options }, [
          defineInstrument({ symbol: "A", lotSize: "0.1" }),
        ]);
        const scaled = createBroker({ ...free.options, cash: 10_000 * scale }, [
          defineInstrument({ symbol: "A", lotSize: "0.1" }),
        ]);
        const bigger: Script = {
          options: free.options,
          bars: free.bars.map((row) => row.map((each) => scaledBar(each, scale))),
          actions: free.actions.map((row) => row.map((each) => scaledAction(each, scale))),
        };
        for (const minute of free.bars.keys()) {
          step(base, free, minute);
          step(scaled, bigger, minute);
          expect(scaled.account.equity / scale).toBe(base.account.equity);
        }
        expect(scaled.fills.length).toBe(base.fills.length);
      }),
      { numRuns: 150 },
    );
  });

  it("bars between orders are taken in one go", () => {
    fc.assert(
      fc.property(scripts(1), fc.constantFrom(0, 0.3), (script, maintenanceMargin) => {
        const sparse: Script = {
          options: { ...script.options, initialMargin: 0.5, maintenanceMargin },
          bars: script.bars,
          actions: script.actions.map((row, minute) => (minute % 5 === 0 ? row : [])),
        };
        const [stepped, quick] = [open(sparse, twoInstruments.slice(0, 1)), open(sparse, twoInstruments.slice(0, 1))];
        const column = (field: keyof Bar) => Float64Array.from(sparse.bars, ([first]) => first![field]);
        const bars = {
          time: Float64Array.from(sparse.bars.keys(), (minute) => minute * minuteMs),
          open: column("open"),
          high: column("high"),
          low: column("low"),
          close: column("close"),
        };
        const length = sparse.bars.length;
        const [expected, equity] = [new Float64Array(length), new Float64Array(length)];
        for (let minute = 0; minute < length; minute++) {
          step(stepped, sparse, minute);
          expected[minute] = stepped.account.equity;
        }
        for (let minute = 0; minute < length;) {
          let next = minute;
          while (next < length && sparse.actions[next]!.length === 0) next++;
          minute = quick.onQuietBars(0, bars, minuteMs, minute, next, equity, minute);
          if (minute === length) break;
          step(quick, sparse, minute);
          equity[minute] = quick.account.equity;
          minute++;
        }
        expect(equity).toEqual(expected);
        expect(JSON.stringify(quick.save())).toBe(JSON.stringify(stepped.save()));
      }),
      { numRuns: 300 },
    );
  });

  it("an idle instrument joins", () => {
    fc.assert(
      fc.property(scripts(1), (script) => {
        const alone = open(script, twoInstruments.slice(0, 1));
        const joined = open(script, twoInstruments);
        const withIdle = { ...script, bars: script.bars.map(([first]) => [first!, first!]) };
        for (const minute of script.bars.keys()) {
          step(alone, script, minute);
          step(joined, withIdle, minute);
          expect(joined.account.equity).toBe(alone.account.equity);
        }
        expect(joined.fills.toArray()).toEqual(alone.fills.toArray());
      }),
      { numRuns: 150 },
    );
  });

  it("instruments change places, as long as they do not compete for money", () => {
    fc.assert(
      fc.property(scripts(2), (script) => {
        const independent = (each: Action): boolean =>
          "intent" in each &&
          each.intent.ocoGroup === undefined &&
          (each.intent.quantity ?? each.intent.targetQuantity) !== undefined;
        const rich = { ...script.options, cash: 1e9, initialMargin: 0.01 };
        const actions = script.actions.map((row) => row.filter(independent));
        const forward = createBroker(rich, twoInstruments);
        const backward = createBroker(rich, [...twoInstruments].reverse());
        const turned: Script = {
          options: rich,
          bars: script.bars.map((row) => [...row].reverse()),
          actions: actions.map((row) =>
            row.map((each) =>
              "intent" in each ? { intent: { ...each.intent, instrument: 1 - each.intent.instrument } } : each,
            ),
          ),
        };
        for (const minute of script.bars.keys()) {
          step(forward, { ...script, actions }, minute);
          step(backward, turned, minute);
          near(backward.account.equity, forward.account.equity, 1e9);
          for (const instrument of [0, 1]) {
            expect(backward.account.position(1 - instrument).quantity).toBe(
              forward.account.position(instrument).quantity,
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

function scaledBar(each: Bar, scale: number): Bar {
  return {
    open: each.open * scale,
    high: each.high * scale,
    low: each.low * scale,
    close: each.close * scale,
    volume: each.volume,
  };
}

function scaledAction(each: Action, scale: number): Action {
  if (!("intent" in each)) return each;
  const intent: Record<string, unknown> = { ...each.intent };
  for (const field of ["limitPrice", "stopPrice", "stopLoss", "takeProfit", "value"]) {
    if (typeof intent[field] === "number") intent[field] = intent[field] * scale;
  }
  return { intent: intent as unknown as OrderIntent };
}
