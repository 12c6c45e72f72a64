import { periodsPerYear, returnMoments, type ReturnsBasis, type TradingCalendar } from "@qmtl/engine/metrics";

/** Bars of what is traded, and what metrics need to know of their times. */
export interface MarketBars {
  readonly length: number;
  readonly open: Float64Array;
  readonly close: Float64Array;
  /** Rows at which a return period ends, the last row included. */
  readonly periodEnds: Int32Array;
  readonly periodsPerYear: number;
  /** One over the years of 365.25 days from the start of the first bar to the last close. */
  readonly growthExponent: number;
  readonly closeMax: number;
  /** Every open and close is a number above 0: no bar is absent, no position can be worth less than nothing. */
  readonly isComplete: boolean;
}

const dayMs = 86_400_000;
const yearMs = 365.25 * dayMs;

export function marketBars(
  columns: { readonly time: Float64Array; readonly open: Float64Array; readonly close: Float64Array },
  intervalMs: number,
  calendar: TradingCalendar,
  basis: ReturnsBasis,
): MarketBars {
  const { time, open, close } = columns;
  const { length } = time;
  let closeMax = Number.NEGATIVE_INFINITY;
  let isComplete = true;
  for (let row = 0; row < length; row++) {
    if (!(open[row]! > 0 && close[row]! > 0 && open[row]! < Infinity && close[row]! < Infinity)) isComplete = false;
    if (close[row]! > closeMax) closeMax = close[row]!;
  }
  return {
    length,
    open,
    close,
    periodEnds: periodEndsOf(time, intervalMs, basis),
    periodsPerYear: periodsPerYear(calendar, basis, intervalMs),
    growthExponent: length === 0 ? 0 : yearMs / (time[length - 1]! + intervalMs - time[0]!),
    closeMax,
    isComplete,
  };
}

// The last bar of every UTC day in which a bar closed, as the equity tracker has it; or every bar.
function periodEndsOf(time: Float64Array, intervalMs: number, basis: ReturnsBasis): Int32Array {
  const ends: number[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < time.length; row++) {
    const closeMs = time[row]! + intervalMs;
    if (closeMs <= end) continue;
    if (row > 0) ends.push(row - 1);
    end = basis === "bar" ? closeMs : Math.ceil(closeMs / dayMs) * dayMs;
  }
  if (time.length > 0) ends.push(time.length - 1);
  return Int32Array.from(ends);
}

/** Scratch for the figures of one run after another. */
export class EquityFigures {
  volatility = Number.NaN;
  sharpe = Number.NaN;
  sortino = Number.NaN;
  maxDrawdown = 0;
  #returns = new Float64Array(0);

  /** The definitions, and the arithmetic in its order, are those of `performanceMetrics`. */
  measure(equity: Float64Array, startEquity: number, bars: MarketBars): void {
    this.maxDrawdown = maxDrawdownOf(equity, bars.length, startEquity);
    this.volatility = this.sharpe = this.sortino = Number.NaN;
    const count = this.#fillReturns(equity, startEquity, bars.periodEnds);
    if (count < 2) return;
    const { mean, deviation, downsideDeviation } = returnMoments(this.#returns.subarray(0, count));
    const root = Math.sqrt(bars.periodsPerYear);
    this.volatility = deviation * root;
    if (!(deviation > 0)) return;
    this.sharpe = (mean / deviation) * root;
    if (downsideDeviation > 0) this.sortino = (mean / downsideDeviation) * root;
  }

  // 0 when a return would start from an equity that is not positive: then none is defined.
  #fillReturns(equity: Float64Array, startEquity: number, periodEnds: Int32Array): number {
    const count = periodEnds.length;
    if (this.#returns.length < count) this.#returns = new Float64Array(count);
    const returns = this.#returns;
    let before = startEquity;
    for (let index = 0; index < count; index++) {
      if (!(before > 0)) return 0;
      const now = equity[periodEnds[index]!]!;
      returns[index] = now / before - 1;
      before = now;
    }
    return count;
  }
}

function maxDrawdownOf(equity: Float64Array, length: number, startEquity: number): number {
  let peak = startEquity;
  let trough = startEquity;
  let depth = 0;
  for (let row = 0; row < length; row++) {
    const value = equity[row]!;
    if (value >= peak) {
      if (trough < peak) depth = Math.max(depth, (peak - trough) / peak);
      peak = trough = value;
    } else if (value < trough) trough = value;
  }
  return trough < peak ? Math.max(depth, (peak - trough) / peak) : depth;
}
