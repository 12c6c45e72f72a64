import type { IntervalMs } from "@qmtl/core";
import type { FileRows } from "../formats/index.ts";

// Most rows have nothing wrong with them, and a million are looked at before a run: here they are passed in one go, by
// comparisons that imply every check. Where one fails, the checks themselves look at all rows and say what it is.

/** Whether every row follows the one before by one interval, from a multiple of it on: sorted, single, without a gap. */
export function isRegular(time: Float64Array, length: number, intervalMs: IntervalMs): boolean {
  if (length === 0 || time[0]! % intervalMs !== 0) return false;
  let expected = time[0]!;
  for (let index = 0; index < length; index++) {
    if (time[index] !== expected) return false;
    expected += intervalMs;
  }
  return Number.isSafeInteger(expected);
}

/**
 * Whether rows `from..to-1` are bars that `checkValues` finds nothing in: positive prices, open and close within low and
 * high, a volume if they have that, no jump of the close. False says nothing.
 */
export function areOrdinaryBars(rows: FileRows, from: number, to: number, jumpMax: number): boolean {
  const { open, high, low, close, volume } = rows.columns;
  if (!open || !high || !low || !close || Object.keys(rows.columns).length > (volume ? 5 : 4)) return false;
  // Prices that are no bars: one column stands for all four.
  const isOnePrice = open === close && high === close && low === close && volume === undefined;
  for (let start = from; start < to; start += rowsAtOnce) {
    const end = Math.min(to, start + rowsAtOnce);
    const before = close[Math.max(from, start - 1)]!;
    const areOrdinary = isOnePrice
      ? areOrdinaryPrices(close, start, end, before, jumpMax)
      : areBars(open, high, low, close, volume, start, end, before, jumpMax);
    if (!areOrdinary) return false;
  }
  return true;
}

// Most runs come here once: a function that is entered often is compiled while it is at work.
const rowsAtOnce = 4_096;

function areOrdinaryPrices(
  prices: Float64Array,
  from: number,
  to: number,
  priceBefore: number,
  jumpMax: number,
): boolean {
  let before = priceBefore;
  for (let index = from; index < to; index++) {
    const price = prices[index]!;
    if (!(price > 0 && price < Infinity && Math.abs(price - before) <= jumpMax * before)) return false;
    before = price;
  }
  return true;
}

function areBars(
  open: Float64Array,
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  volume: Float64Array | undefined,
  from: number,
  to: number,
  closeBefore: number,
  jumpMax: number,
): boolean {
  let before = closeBefore;
  for (let index = from; index < to; index++) {
    const top = high[index]!;
    const bottom = low[index]!;
    const first = open[index]!;
    const last = close[index]!;
    const traded = volume === undefined ? 0 : volume[index]!;
    // NaN fails every comparison.
    if (!(bottom > 0 && bottom <= first && first <= top && bottom <= last && last <= top && top < Infinity))
      return false;
    if (!(traded >= 0 && traded < Infinity && Math.abs(last - before) <= jumpMax * before)) return false;
    before = last;
  }
  return true;
}
