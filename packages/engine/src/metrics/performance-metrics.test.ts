import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Trade } from "../broker/index.ts";
import { createEquityTracker, metricsOfEquity, performanceMetrics, type PerformanceMetrics } from "./index.ts";

const dayMs = 86_400_000;
const dayClose = (day: number) => Date.UTC(2024, 0, 1) + (day + 1) * dayMs;

function trade(pnl: number, fields: Partial<Trade> = {}): Trade {
  return {
    id: 1,
    instrument: 0,
    direction: "long",
    entryMs: dayClose(0),
    exitMs: dayClose(1),
    entryPrice: 100,
    exitPrice: 100 + pnl,
    markPrice: 100 + pnl,
    quantity: 1,
    fees: 1,
    pnl,
    returnFraction: pnl / 100,
    barsHeld: 1,
    maxFavorable: null,
    maxAdverse: null,
    open: false,
    tag: null,
    ...fields,
  };
}

function daily(equity: readonly number[], trades: readonly Trade[] = [], calendar: "24x7" | "us_equity" = "24x7") {
  return metricsOfEquity(
    { times: Float64Array.from(equity, (_, i) => dayClose(i)), equity: Float64Array.from(equity) },
    trades,
    { calendar, startEquity: equity[0] ?? 100, intervalMs: dayMs },
  );
}

describe("against Python packages", () => {
  interface PeerSeries {
    readonly name: string;
    readonly calendar: "24x7" | "us_equity";
    readonly equity?: number[];
    readonly file?: string;
    readonly expected: Record<string, number>;
  }
  const peers = JSON.parse(readFileSync(new URL("fixtures/peer-metrics.json", import.meta.url), "utf8")) as {
    trials: { count: number; sharpeVariance: number };
    series: PeerSeries[];
  };

  it.each(peers.series)("agrees on $name to 1e-9", ({ calendar, equity, file, expected }) => {
    const closes = equity ?? closesOf(file!);
    // The first value is the start equity: the peers see returns from the second on.
    const options = { calendar, startEquity: closes[0]!, intervalMs: dayMs, trials: peers.trials };
    const values = Float64Array.from(closes.slice(1));
    const found = metricsOfEquity({ times: values.map((_, i) => dayClose(i)), equity: values }, [], options);
    for (const [name, value] of Object.entries(expected)) {
      const own = found[name as keyof PerformanceMetrics] as number;
      expect(Math.abs(own / value - 1), `${name}: ${own} against ${value}`).toBeLessThan(1e-9);
    }
  });

  function closesOf(file: string): number[] {
    const url = new URL(`../../../../../shared/data/bars/${file}`, import.meta.url);
    const rows = readFileSync(url, "utf8").trim().split(/\r?\n/).slice(1);
    return rows.map((row) => Number(row.split(",")[4]));
  }
});

describe("by hand", () => {
  it("computes growth, volatility and ratios of four days", () => {
    // returns: 0, +10 %, -10 %, +20 %; mean 0.05; squares about it 0.0025 + 0.0025 + 0.0225 + 0.0225 = 0.05
    const found = daily([100, 110, 99, 118.8]);
    expect(found.totalReturn).toBeCloseTo(0.188, 12);
    expect(found.volatility).toBeCloseTo(Math.sqrt(0.05 / 3) * Math.sqrt(365), 12);
    expect(found.sharpe).toBeCloseTo((0.05 / Math.sqrt(0.05 / 3)) * Math.sqrt(365), 10);
    expect(found.sortino).toBeCloseTo((0.05 / Math.sqrt(0.01 / 4)) * Math.sqrt(365), 10);
    expect(found.maxDrawdown).toBeCloseTo(0.1, 12);
    expect(found.maxDrawdownMs).toBe(2 * dayMs);
    expect(found.cagr).toBeCloseTo(1.188 ** (365.25 / 4) - 1, 0);
    expect(found.calmar).toBeCloseTo(found.cagr! / 0.1, 3);
    // quantile at h = 0.15 between -10 % and 0: -0.1 + 0.15 * 0.1; tail: the single worst
    expect(found.valueAtRisk95).toBeCloseTo(0.085, 12);
    expect(found.conditionalValueAtRisk95).toBeCloseTo(0.1, 12);
  });

  it("computes trade figures of three closed trades and leaves the open one out", () => {
    const found = daily([100, 110], [trade(20), trade(-10), trade(5), trade(-3, { open: true, exitMs: null })]);
    expect(found).toMatchObject({ trades: 3, openTrades: 1, winRate: 2 / 3, profitFactor: 2.5, expectancy: 5 });
    expect(found.averageTrade).toBeCloseTo(0.05, 12);
    expect([found.bestTrade, found.worstTrade]).toEqual([0.2, -0.1]);
    expect(found.kelly).toBeCloseTo(2 / 3 - 1 / 3 / (12.5 / 10), 12);
    expect(found.sqn).toBeCloseTo((Math.sqrt(3) * 5) / 15, 12); // deviations 15, -15, 0 -> sample 15
    expect(found.feesPaid).toBe(4);
  });

  it("counts exposure, turnover and buy-and-hold", () => {
    const found = metricsOfEquity(
      {
        times: Float64Array.of(dayClose(0), dayClose(1), dayClose(2), dayClose(3)),
        equity: Float64Array.of(100, 200, 100, 200),
        position: Float64Array.of(0, 1, -2, 0),
        price: Float64Array.of(Number.NaN, 10, 11, 12),
      },
      [],
      { calendar: "24x7", startEquity: 100, intervalMs: dayMs, tradedNotional: 300, feesPaid: 7 },
    );
    expect(found).toMatchObject({ exposure: 0.5, turnover: 2, feesPaid: 7 });
    expect(found.buyAndHoldReturn).toBeCloseTo(0.2, 12);
  });

  it.each([
    ["24x7", "1d", 60_000, 365],
    ["us_equity", "1d", 60_000, 252],
    ["weekdays", "1d", dayMs, 252],
    ["24x7", "bar", 3_600_000, 365 * 24],
    ["weekdays", "bar", 3_600_000, 252 * 24],
    ["us_equity", "bar", 60_000, 252 * 390],
    ["us_equity", "bar", dayMs, 252],
    ["weekdays", "1d", 7 * dayMs, 365 / 7],
  ] as const)("annualises %s, basis %s, bars of %i ms by %d", (calendar, basis, intervalMs, expected) => {
    const tracker = createEquityTracker({ calendar, basis, intervalMs, startEquity: 1 });
    expect(performanceMetrics(tracker, []).periodsPerYear).toBe(expected);
  });
});

describe("days", () => {
  it("takes the last equity of a UTC day and gives a close at midnight to the day it ends", () => {
    const tracker = createEquityTracker({ calendar: "24x7", startEquity: 100, intervalMs: 6 * 3_600_000 });
    [101, 102, 103, 104, 105, 106].forEach((equity, i) => {
      tracker.add(Date.UTC(2024, 0, 1) + (i + 1) * 6 * 3_600_000, equity, true);
    });
    expect([...tracker.read().closes]).toEqual([100, 104, 106]);
    expect(tracker.read().startMs).toBe(Date.UTC(2024, 0, 1));
  });

  it("keeps every bar on basis bar", () => {
    const tracker = createEquityTracker({ calendar: "24x7", startEquity: 100, intervalMs: 60_000, basis: "bar" });
    for (let i = 1; i <= 600; i++) tracker.add(i * 60_000, 100 + i, false);
    expect(tracker.read().closes.length).toBe(601);
    expect(tracker.read().closes[600]).toBe(700);
  });
});

describe("where a figure is not defined", () => {
  it("has no ratios on constant equity", () => {
    const found = daily([100, 100, 100, 100]);
    expect(found).toMatchObject({ totalReturn: 0, volatility: 0, sharpe: null, sortino: null, calmar: null });
    expect(found).toMatchObject({ probabilisticSharpe: null, maxDrawdown: 0, maxDrawdownMs: 0, valueAtRisk95: 0 });
  });

  it("has no Sharpe ratio on a straight line, whatever float64 makes of its returns", () => {
    const line = Array.from({ length: 50 }, (_, i) => 100 * 1.01 ** (i + 1));
    const times = Float64Array.from(line, (_, i) => dayClose(i));
    const options = { calendar: "24x7", startEquity: 100, intervalMs: dayMs } as const;
    expect(metricsOfEquity({ times, equity: Float64Array.from(line) }, [], options).sharpe).toBeNull();
  });

  it("keeps what is defined after a total loss", () => {
    expect(daily([100, 50, 0])).toMatchObject({ totalReturn: -1, cagr: -1, maxDrawdown: 1 });
    expect(daily([100, 50, 0, 10])).toMatchObject({ totalReturn: -0.9, sharpe: null, volatility: null });
    expect(daily([100, 50, -20])).toMatchObject({ totalReturn: -1.2, cagr: null, maxDrawdown: 1.2 });
  });

  it("has no trade figures without trades, and no spread with one", () => {
    const none = { winRate: null, profitFactor: null, sqn: null, kelly: null, expectancy: null, averageTrade: null };
    expect(daily([100, 110])).toMatchObject({ trades: 0, ...none, bestTrade: null, worstTrade: null });
    expect(daily([100, 110], [trade(10)])).toMatchObject({ winRate: 1, profitFactor: null, sqn: null, kelly: null });
    expect(daily([100, 90], [trade(-10)])).toMatchObject({ winRate: 0, profitFactor: 0, sqn: null, kelly: null });
    expect(daily([100, 110], [trade(10), trade(10), trade(10)]).sqn).toBeNull();
  });

  it("survives JSON unchanged, whatever the equity", () => {
    const equity = fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constantFrom(0, 100, 1e-9));
    const pnl = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 10));
    fc.assert(
      fc.property(
        fc.array(equity, { maxLength: 40 }),
        fc.array(pnl, { maxLength: 6 }),
        fc.nat(5),
        (values, pnls, n) => {
          const found = metricsOfEquity(
            {
              times: Float64Array.from(values, (_, i) => dayClose(i)),
              equity: Float64Array.from(values),
              price: Float64Array.from(values),
            },
            pnls.map((value) => trade(value)),
            { calendar: "24x7", startEquity: 100, intervalMs: dayMs, tradedNotional: 5, trials: { count: n } },
          );
          // JSON turns NaN and Infinity into null and drops undefined: either would show up here.
          expect(JSON.parse(JSON.stringify(found))).toStrictEqual(normaliseZero(found));
        },
      ),
      { numRuns: 500 },
    );
  });

  function normaliseZero(metrics: PerformanceMetrics): unknown {
    return Object.fromEntries(
      Object.entries(metrics).map(([name, v]) => [name, Object.is(v, -0) ? 0 : (v as unknown)]),
    );
  }

  it("refuses an equity that is not a number", () => {
    expect(() => daily([100, Number.NaN, 100])).toThrow(/equity must be a finite number/);
    const options = { calendar: "24x7", intervalMs: dayMs } as const;
    expect(() => createEquityTracker({ ...options, startEquity: 0 })).toThrow(/startEquity/);
  });
});

describe("continuing a run", () => {
  it.each(["1d", "bar"] as const)("gives the same bits when cut anywhere, basis %s", (basis) => {
    const options = { calendar: "24x7", startEquity: 1_000, intervalMs: 3_600_000, basis } as const;
    const bar = fc.record({
      gap: fc.integer({ min: 1, max: 30 }),
      equity: fc.double({ min: 1, max: 1e5, noNaN: true }),
      held: fc.boolean(),
      price: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 1, max: 9, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(bar, { maxLength: 700 }), fc.nat(), (bars, at) => {
        const cut = bars.length > 0 ? at % bars.length : 0;
        const times = new Float64Array(bars.length);
        const equity = Float64Array.from(bars, (row) => row.equity);
        const position = Float64Array.from(bars, (row) => Number(row.held));
        const price = Float64Array.from(bars, (row) => row.price);
        bars.forEach(({ gap }, i) => (times[i] = (times[i - 1] ?? 0) + gap * 3_600_000));
        const stream = createEquityTracker(options);
        bars.forEach((row, i) => stream.add(times[i]!, row.equity, row.held, row.price));
        const batch = createEquityTracker(options);
        batch.addRows({ times, equity, position, price }, 0, cut);
        const resumed = createEquityTracker(options);
        resumed.load(batch.save());
        resumed.addRows({ times, equity, position, price }, cut, bars.length);
        expect(resumed.save()).toEqual(stream.save());
        expect(performanceMetrics(resumed, [])).toEqual(performanceMetrics(stream, []));
      }),
      { numRuns: 60 },
    );
  });

  it("refuses the state of another run", () => {
    const options = { calendar: "24x7", startEquity: 1_000, intervalMs: 60_000 } as const;
    const saved = createEquityTracker(options).save();
    expect(() => createEquityTracker({ ...options, startEquity: 2_000 }).load(saved)).toThrow(/other options/);
    expect(() => createEquityTracker({ ...options, basis: "bar" }).load(saved)).toThrow(/other options/);
  });
});
