import type { FileRows } from "../formats/index.ts";
import type { FindingList } from "./finding.ts";
import { areOrdinaryBars } from "./ordinary-rows.ts";

const priceFields = ["open", "high", "low", "close"];

// Vendors round high, low and close separately: a difference in the tenth digit is no fault of the bar.
const rounding = 1e-9;

/**
 * Checks the values of rows `from..to-1`: absent and infinite values, prices at or below 0, high below low, open or
 * close outside them, negative volume, suspicious jumps of the close.
 */
export function checkValues(rows: FileRows, from: number, to: number, jumpMax: number, findings: FindingList): void {
  if (!areOrdinaryBars(rows, from, to, jumpMax)) checkEveryValue(rows, from, to, jumpMax, findings);
}

/** `checkValues` where something may be wrong. */
export function checkEveryValue(
  rows: FileRows,
  from: number,
  to: number,
  jumpMax: number,
  findings: FindingList,
): void {
  const { columns } = rows;
  for (const [field, column] of Object.entries(columns)) {
    const isPrice = priceFields.includes(field);
    const isVolume = field === "volume";
    for (let index = from; index < to; index++) {
      const value = column[index]!;
      // One comparison passes an ordinary value: everything below is rare.
      if (isPrice ? value > 0 && value < Infinity : value >= 0 && value < Infinity) continue;
      const rule = ruleOf(value, isPrice, isVolume);
      if (rule !== undefined) {
        findings.add(rule, placeOf(rows, index, field, Number.isNaN(value) ? "nothing" : String(value)));
      }
    }
  }
  checkRanges(rows, from, to, findings);
  if (columns["close"] !== undefined) checkJumps(rows, columns["close"], from, to, jumpMax, findings);
}

function ruleOf(value: number, isPrice: boolean, isVolume: boolean) {
  if (Number.isNaN(value)) return isPrice || isVolume ? "missing-value" : undefined;
  if (!Number.isFinite(value)) return "infinite";
  if (isPrice) return "price-not-positive";
  return isVolume ? "negative-volume" : undefined;
}

function checkRanges(rows: FileRows, from: number, to: number, findings: FindingList): void {
  const { open, high, low, close } = rows.columns;
  if (high === undefined || low === undefined) return;
  for (let index = from; index < to; index++) {
    const top = high[index]!;
    const bottom = low[index]!;
    const slack = Math.abs(top) * rounding;
    if (top < bottom - slack) {
      findings.add("high-below-low", placeOf(rows, index, "high", `high ${top}, low ${bottom}`));
      continue;
    }
    const openValue = open === undefined ? bottom : open[index]!;
    const closeValue = close === undefined ? bottom : close[index]!;
    if (openValue < bottom - slack || openValue > top + slack) {
      findings.add("outside-range", placeOf(rows, index, "open", `open ${openValue}, low ${bottom}, high ${top}`));
    } else if (closeValue < bottom - slack || closeValue > top + slack) {
      findings.add("outside-range", placeOf(rows, index, "close", `close ${closeValue}, low ${bottom}, high ${top}`));
    }
  }
}

function checkJumps(
  rows: FileRows,
  close: Float64Array,
  from: number,
  to: number,
  jumpMax: number,
  findings: FindingList,
): void {
  for (let index = from + 1; index < to; index++) {
    const before = close[index - 1]!;
    const after = close[index]!;
    if (before > 0 && after > 0 && Math.abs(after - before) > jumpMax * before) {
      const percent = ((after / before - 1) * 100).toFixed(1);
      findings.add("jump", placeOf(rows, index, "close", `${after} after ${before} (${percent} %)`));
    }
  }
}

function placeOf(rows: FileRows, index: number, column: string, found: string) {
  return { row: rows.rowNumber(index), timeMs: rows.time[index]!, column, found };
}
