import type { IntervalMs } from "@qmtl/core";
import { dailyCloses, drawdownSeries, periodsPerYear, returnsOfCloses, rollingSharpe } from "@qmtl/engine/metrics";
import type { BarColumns, RunResult } from "@qmtl/engine/result";

/** A run's series on its own clock: every column has the length of `RunResult.times`; NaN where there is nothing. */
export interface RunSeries {
  readonly intervalMs: IntervalMs | null; // shortest of the bars
  /** Close of every traded instrument that has bars, the last one known at each time. */
  readonly closes: readonly { readonly instrument: number; readonly values: Float64Array }[];
  /** Start equity put into the instruments at their first closes, in equal parts, before costs; null without bars. */
  readonly benchmark: Float64Array | null;
  readonly benchmarkLabel: string;
  readonly drawdown: Float64Array; // <= 0
  /** Over daily returns, carried through the following day; null when the run is too short for a window. */
  readonly sharpe: Float64Array | null;
  readonly sharpeWindow: number | null;
  readonly sharpePeriodsPerYear: number;
}

export function runSeries(result: RunResult): RunSeries {
  const { times, equity, metrics, instruments } = result;
  const bars = result.bars.filter((columns) => columns.time.length > 0);
  const closes = bars.map((columns) => ({ instrument: columns.instrument, values: closesOnClock(columns, times) }));
  const intervalMs = bars.length > 0 ? Math.min(...bars.map((columns) => columns.intervalMs)) : null;
  const calendar = instruments[0]?.calendar ?? "24x7";
  const perYear = periodsPerYear(calendar, "1d", intervalMs ?? 86_400_000);
  const { values, window } = sharpeOnClock(times, equity, metrics.startEquity, perYear);
  const symbols = closes.map(({ instrument }) => instruments[instrument]?.symbol ?? `instrument ${instrument}`);
  return {
    intervalMs,
    closes,
    benchmark:
      closes.length > 0
        ? equalWeights(
            closes.map((close) => close.values),
            metrics.startEquity,
          )
        : null,
    benchmarkLabel: symbols.length > 1 ? `${symbols.length} instruments in equal parts` : (symbols[0] ?? "nothing"),
    drawdown: drawdownSeries(equity, metrics.startEquity),
    sharpe: values,
    sharpeWindow: window,
    sharpePeriodsPerYear: perYear,
  };
}

function closesOnClock({ time, close, intervalMs }: BarColumns, times: Float64Array): Float64Array {
  if (
    time.length === times.length &&
    time[0]! + intervalMs === times[0] &&
    time.at(-1)! + intervalMs === times.at(-1)
  ) {
    let same = true;
    for (let i = 0; i < time.length && same; i++) same = time[i]! + intervalMs === times[i];
    if (same) return close;
  }
  const values = new Float64Array(times.length);
  let row = 0;
  let last = Number.NaN;
  for (let i = 0; i < times.length; i++) {
    for (; row < time.length && time[row]! + intervalMs <= times[i]!; row++) {
      if (close[row] === close[row]) last = close[row]!;
    }
    values[i] = last;
  }
  return values;
}

function equalWeights(closes: readonly Float64Array[], startEquity: number): Float64Array {
  const values = new Float64Array(closes[0]!.length);
  const part = startEquity / closes.length;
  for (const close of closes) {
    const first = close.find((value) => value === value);
    for (let i = 0; i < values.length; i++) {
      values[i]! += close[i] === close[i] && first ? part * (close[i]! / first) : part;
    }
  }
  return values;
}

// Half a year where that leaves three more to move over, else a quarter, else a month.
function sharpeOnClock(times: Float64Array, equity: Float64Array, startEquity: number, perYear: number) {
  const days = dailyCloses(times);
  const returns = returnsOfCloses(Float64Array.from([startEquity, ...days.map(({ index }) => equity[index]!)]));
  const window = [2, 4, 12]
    .map((part) => Math.round(perYear / part))
    .find((size) => size >= 2 && 4 * size <= days.length);
  if (window === undefined || returns === null) return { values: null, window: null };
  const ratios = rollingSharpe(returns, window, perYear);
  const values = new Float64Array(times.length).fill(Number.NaN);
  for (let day = 0; day < days.length; day++) {
    // A day's ratio is known from its last bar on.
    values.fill(ratios[day]!, days[day]!.index, days[day + 1]?.index ?? times.length);
  }
  return { values, window };
}
