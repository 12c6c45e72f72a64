import type { Fill } from "@qmtl/engine/broker";
import type { RunResult } from "@qmtl/engine/result";
import type { Chart, ChartMarkers, ChartSeries } from "./page-kit.ts";
import { closeTimeKind } from "./figures.ts";
import type { RunSeries } from "./run-series.ts";

/** All charts of a report share one clock, so that one zoom and one crosshair serve them all. */
export interface ChartSet {
  /** Close time of every point (of the last bar of a bucket). */
  readonly times: Float64Array;
  readonly bars: number;
  readonly charts: readonly (Chart & { readonly title: string; readonly note: string })[];
}

// Bars up to here are drawn one by one; longer runs are cut into buckets, whose lowest and highest value leave room to
// zoom into a tenth of the run at full width.
const barsMax = 8_192;
const bucketsMax = 3_000;
const priceChartsMax = 8;

export function chartSet(result: RunResult, series: RunSeries): ChartSet {
  const { times, equity, instruments, fills, currency } = result;
  const bars = times.length;
  const points = bars <= barsMax ? bars : bucketsMax;
  const starts = Float64Array.from({ length: points + 1 }, (_, k) => Math.floor((k * bars) / points));
  const line = (label: string, style: string, values: Float64Array, area = false): ChartSeries => {
    return { label, style, area, ...bucketed(values, starts, bars) };
  };
  const timeKind = closeTimeKind(series.intervalMs);
  const charts: ChartSet["charts"][number][] = [];
  for (const { instrument, values } of series.closes.slice(0, priceChartsMax)) {
    const { symbol, quoteCurrency } = instruments[instrument]!;
    const own = fills.filter((fill) => fill.instrument === instrument);
    charts.push({
      id: `price-${instrument}`,
      title: `${symbol} price and fills`,
      note: `Close, ${quoteCurrency}`,
      kind: "price",
      timeKind,
      baseline: null,
      series: [line("Close", "price", values)],
      markers: [markersOf(own, "BUY", times, starts), markersOf(own, "SELL", times, starts)],
    });
  }
  const held = series.benchmark;
  charts.push({
    id: "equity",
    title: held ? "Equity against buy-and-hold" : "Equity",
    note: held ? `${currency}; buy-and-hold: ${series.benchmarkLabel}, before costs` : currency,
    kind: "money",
    timeKind,
    baseline: null,
    series: [...(held ? [line("Buy-and-hold", "held", held)] : []), line("Equity", "equity", equity)],
    markers: [],
  });
  charts.push({
    id: "drawdown",
    title: "Drawdown",
    note: "Equity below its peak so far",
    kind: "percent",
    timeKind,
    baseline: 0,
    series: [line("Drawdown", "loss", series.drawdown, true)],
    markers: [],
  });
  if (series.sharpe) {
    charts.push({
      id: "sharpe",
      title: "Rolling Sharpe ratio",
      note: `Over ${series.sharpeWindow} daily returns, annualised with ${Math.round(series.sharpePeriodsPerYear)}`,
      kind: "ratio",
      timeKind,
      baseline: 0,
      series: [line("Sharpe", "ratio", series.sharpe)],
      markers: [],
    });
  }
  const ends = Float64Array.from({ length: points }, (_, k) => times[starts[k + 1]! - 1]!);
  return { times: ends, bars, charts };
}

function bucketed(values: Float64Array, starts: Float64Array, bars: number): Pick<ChartSeries, "low" | "high"> {
  const points = starts.length - 1;
  const low = new Float64Array(points);
  if (points === bars) {
    low.set(values);
    return { low, high: low };
  }
  const high = new Float64Array(points);
  for (let k = 0; k < points; k++) {
    let least = Number.NaN;
    let most = Number.NaN;
    const end = starts[k + 1]!;
    for (let i = starts[k]!; i < end; i++) {
      const value = values[i]!;
      // Written so that NaN never wins and the first value always does.
      if (!(value >= least) && value === value) least = value;
      if (!(value <= most) && value === value) most = value;
    }
    low[k] = least;
    high[k] = most;
  }
  return { low, high };
}

function markersOf(
  fills: readonly Fill[],
  side: "BUY" | "SELL",
  times: Float64Array,
  starts: Float64Array,
): ChartMarkers {
  const points = starts.length - 1;
  const at: number[] = [];
  const sum: number[] = [];
  const count: number[] = [];
  for (const fill of fills) {
    if (fill.side !== side) continue;
    const row = Math.min(firstAfter(times, fill.barTimeMs), times.length - 1);
    let point = Math.min(points - 1, Math.floor((row * points) / times.length));
    if (starts[point + 1]! <= row) point += 1; // floor of a product may fall one short
    if (at.at(-1) === point) {
      sum[sum.length - 1]! += fill.price;
      count[count.length - 1]! += 1;
    } else {
      at.push(point);
      sum.push(fill.price);
      count.push(1);
    }
  }
  return {
    label: side === "BUY" ? "buy" : "sell",
    style: side === "BUY" ? "buy" : "sell",
    at: Float64Array.from(at),
    price: Float64Array.from(sum, (total, k) => total / count[k]!),
    count: Float64Array.from(count),
  };
}

/** The row of the bar that starts at `timeMs`: the first close after it. */
function firstAfter(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
