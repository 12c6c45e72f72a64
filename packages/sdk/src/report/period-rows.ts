import type { EpochMs } from "@qmtl/core";
import { monthlyReturns } from "@qmtl/engine/metrics";
import type { RunResult } from "@qmtl/engine/result";
import type { RunSeries } from "./run-series.ts";

/** One UTC year or month: what the charts show, as numbers. */
export interface PeriodRow {
  readonly period: string; // "2024" or "2024-01"
  readonly endMs: EpochMs; // close of its last bar
  readonly endEquity: number;
  readonly return: number | null;
  readonly buyAndHoldReturn: number | null;
  /** Deepest close below the run's peak so far, >= 0. */
  readonly drawdown: number;
  readonly rollingSharpe: number | null; // at the end
  readonly closePrice: number | null; // of the first instrument, at the end
  readonly tradesClosed: number;
}

export function periodRows(result: RunResult, series: RunSeries, unit: "year" | "month"): PeriodRow[] {
  const { times, equity, metrics } = result;
  const months = monthlyReturns(times, equity, metrics.startEquity);
  const labels = months.map(({ year, month }) => labelOf(year, month, unit));
  const ends = months.flatMap(({ index }, i) => (labels[i] === labels[i + 1] ? [] : [{ index, period: labels[i]! }]));
  const closedIn = countClosed(
    result,
    ends.map(({ index }) => times[index]!),
  );
  const held = series.benchmark;
  let equityBefore = metrics.startEquity;
  let heldBefore = metrics.startEquity;
  let from = 0;
  return ends.map(({ index, period }, i) => {
    const row = {
      period,
      endMs: times[index]!,
      endEquity: equity[index]!,
      return: change(equityBefore, equity[index]!),
      buyAndHoldReturn: held ? change(heldBefore, held[index]!) : null,
      drawdown: -lowest(series.drawdown, from, index + 1) + 0,
      rollingSharpe: finite(series.sharpe?.[index]),
      closePrice: finite(series.closes[0]?.values[index]),
      tradesClosed: closedIn[i]!,
    };
    equityBefore = equity[index]!;
    heldBefore = held?.[index] ?? 0;
    from = index + 1;
    return row;
  });
}

function labelOf(year: number, month: number, unit: "year" | "month"): string {
  return unit === "year" ? String(year) : `${year}-${String(month).padStart(2, "0")}`;
}

// An exit at the instant a period ends is a fill at the next bar's open: it counts there.
function countClosed(result: RunResult, endTimes: readonly number[]): number[] {
  const counts = endTimes.map(() => 0);
  for (const { exitMs, open } of result.trades) {
    if (exitMs === null || open || counts.length === 0) continue;
    const at = endTimes.findIndex((endMs) => exitMs < endMs);
    counts[at < 0 ? counts.length - 1 : at]! += 1;
  }
  return counts;
}

function change(before: number, after: number): number | null {
  return before > 0 ? finite(after / before - 1) : null;
}

function lowest(values: Float64Array, from: number, to: number): number {
  let least = 0;
  for (let i = from; i < to; i++) if (values[i]! < least) least = values[i]!;
  return least;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
