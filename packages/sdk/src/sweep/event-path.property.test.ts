import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultBrokerOptions, type BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import { crossover } from "@qmtl/engine/operators";
import { positionTarget, Runner, Strategy, StreamInput, type StrategyClass } from "../index.ts";
import { checkFrame } from "../data-quality/index.ts";
import { sparseSignals } from "./sparse-signals.ts";
import { sweep } from "./sweep.ts";

const price = fc.double({ min: 0.9, max: 1.12, noNaN: true });
const signal = fc.oneof(
  { weight: 4, arbitrary: fc.constant(Number.NaN) },
  { weight: 3, arbitrary: fc.constantFrom(1, -1, 0) },
);

/** Random walks with an open of their own, and a random signal beside them. */
const frames: fc.Arbitrary<Frame> = fc
  .array(fc.record({ open: price, close: price, signal }), { minLength: 5, maxLength: 60 })
  .map((steps) => {
    let last = 100;
    const rows = steps.map((step) => {
      const open = last * step.open;
      const close = (last = open * step.close);
      return { open, close, signal: step.signal };
    });
    const column = (pick: (row: (typeof rows)[number]) => number) => Float64Array.from(rows, pick);
    return {
      intervalMs: 3_600_000,
      length: rows.length,
      time: column(() => 0).map((_, row) => row * 3_600_000),
      columns: {
        open: column(({ open }) => open),
        high: column(({ open, close }) => Math.max(open, close)),
        low: column(({ open, close }) => Math.min(open, close)),
        close: column(({ close }) => close),
        volume: column(() => 1),
        signal: column((row) => row.signal),
      },
    };
  });

const brokers: fc.Arbitrary<Partial<BrokerOptions>> = fc.record({
  cash: fc.constantFrom(100, 100_000, 1_234.56),
  marketFill: fc.constantFrom("next_open" as const, "same_close" as const),
  sizing: fc.constantFrom("submit" as const, "fill" as const),
  rebalance: fc.constantFrom("on_change" as const, "every_bar" as const),
  insufficientFunds: fc.constantFrom("reduce" as const, "reject" as const),
  shorting: fc.boolean(),
  wholeUnits: fc.boolean(),
  fees: fc.constantFrom(
    { kind: "none" as const },
    { kind: "percent" as const, rate: 0.001 },
    { kind: "percent" as const, rate: 0.02 },
  ),
  slippage: fc.constantFrom({ kind: "none" as const }, { kind: "percent" as const, rate: 0.003 }),
  slippageOn: fc.constantFrom("takers" as const, "market" as const),
  percentOf: fc.constantFrom("equity" as const, "equity" as const, "cash" as const),
  oneOrderPerBar: fc.boolean(),
  shortSales: fc.constantFrom("margin" as const, "free" as const),
});

const wirings = fc.record({
  long: fc.constantFrom(1, 0.5, 1.5, 0),
  short: fc.constantFrom(-1, -0.4, 0, null),
  flat: fc.constantFrom(0, null, 0.3),
  unit: fc.constantFrom("percent" as const, "quantity" as const),
  lotSize: fc.constantFrom("0", "0.01"),
  tickSize: fc.constantFrom("0", "0.05"),
  multiplier: fc.constantFrom(1, 10),
});

type Wiring = typeof wirings extends fc.Arbitrary<infer T> ? T : never;

function strategyOf({ lotSize, tickSize, multiplier, ...target }: Wiring): StrategyClass<never> {
  return class Random extends Strategy<{ readonly scale: number }> {
    static override readonly defaults = { scale: 1 };
    setup() {
      const bars = new StreamInput({
        interval: "1h",
        fields: ["open", "high", "low", "close", "volume", "signal"],
        instrument: { symbol: "X/USD", lotSize, tickSize, multiplier },
      });
      const long = target.long * this.params.scale;
      this.addNodes(bars, positionTarget(bars.field("signal"), { ...target, long, instrument: bars }));
    }
  } as never;
}

describe("the account that goes from order to order", () => {
  it("is the broker bar by bar, bit for bit, whatever the signal, the targets and the terms", async () => {
    let events = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(frames, brokers, wirings, async (frame, broker, wiring) => {
        const strategy = strategyOf(wiring);
        const data = checkFrame(frame, { jumpMax: 10 });
        const result = await sweep(strategy as never, {
          grid: { scale: [1, 0.7] },
          data,
          broker,
          returnsBasis: "bar",
          workers: 1,
        });
        events += result.paths.events;
        for (let row = 0; row < result.table.length; row++, runs++) {
          const { params, metrics } = result.table.at(row);
          const run = await Runner.offline(strategy as never, { data, broker, params, returnsBasis: "bar" });
          expect(metrics).toEqual(
            Object.fromEntries(result.table.metrics.map((metric) => [metric, run.metrics[metric]])),
          );
        }
      }),
      { numRuns: 400 },
    );
    // Margin calls and the like go to the broker; they must not be the rule, or this test shows nothing.
    expect(events / runs).toBeGreaterThan(0.8);
  });

  it("knows every option of the broker, or leaves the run to it", async () => {
    const plain = await pathOf({});
    expect(plain).toBe("events");
    const others: Partial<BrokerOptions>[] = [
      { marketFill: "next_close" },
      { lastBar: "fill_at_close" },
      { closeAtEnd: true },
      { volumeShareMax: 0.5 },
      { latencyMs: 1 },
      { latencyBars: 1 },
      { percentOf: "buying_power" },
      { checkOnSubmit: true },
      { account: "cash" },
      { initialMargin: 0.5 },
      { maintenanceMargin: 0.1 },
      { borrowRate: 0.1 },
      { cashInterestRate: 0.1 },
      { marginInterestRate: 0.1 },
      { settlementDays: 1 },
      { funding: [{ symbol: "X/USD", timeMs: 0, rate: 0.1 }] },
      { corporateActions: [{ kind: "dividend", symbol: "X/USD", timeMs: 0, amount: 1 }] },
      { fees: { kind: "percent", rate: 0.1, minimum: 1 } },
      { slippage: { kind: "ticks", ticks: 1 } },
      { slippageOn: "entries", slippage: { kind: "percent", rate: 0.001 } },
      { slippageOn: "within_bar", slippage: { kind: "percent", rate: 0.001 } },
    ];
    for (const broker of others) {
      expect([broker, await pathOf(broker)]).toEqual([broker, "broker"]);
      expect(Object.keys(defaultBrokerOptions)).toContain(Object.keys(broker)[0]);
    }
  });
});

async function pathOf(broker: Partial<BrokerOptions>): Promise<"events" | "broker"> {
  const close = Float64Array.of(100, 101, 102, 101);
  const columns = { open: close, high: close, low: close, close, volume: close, signal: Float64Array.of(1, -1, 1, 1) };
  const frame: Frame = { intervalMs: 3_600_000, length: 4, time: close.map((_, row) => row * 3_600_000), columns };
  const wiring = {
    long: 1,
    short: 0,
    flat: null,
    unit: "percent",
    lotSize: "0",
    tickSize: "0",
    multiplier: 1,
  } as const;
  const { paths } = await sweep(strategyOf(wiring) as never, { grid: { scale: [1] }, data: frame, broker });
  return paths.events === 1 ? "events" : "broker";
}

describe("the rows of a sparse signal", () => {
  const value = fc.constantFrom(1, 2, 3, Number.NaN, -0, 0);
  it("are those of its operator", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 40 }), (pairs) => {
        const a = Float64Array.from(pairs, ([left]) => left);
        const b = Float64Array.from(pairs, ([, right]) => right);
        const out = new Float64Array(pairs.length);
        crossover.createKernel({}).advance([a, b], [out], 0, out.length);
        const rows = new Int32Array(pairs.length);
        const values = new Float64Array(pairs.length);
        const count = sparseSignals.get("crossover")!([a, b], pairs.length, rows, values);
        const expected = [...out].flatMap((each, row) => (Number.isNaN(each) ? [] : [[row, each]]));
        expect(Array.from({ length: count }, (_, index) => [rows[index], values[index]])).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});
