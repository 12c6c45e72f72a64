import type { EpochMs, IntervalMs } from "@qmtl/core";
import type { FileRows } from "../formats/index.ts";
import type { FindingList } from "./finding.ts";

/**
 * Rows in time order, one per time, every one with a time; what had to be done is noted. With a grid, times are
 * moved by `shiftMs` and to the start of their bucket first. Rows that are fine come back as they are, not copied.
 */
export function settleRows(
  rows: FileRows,
  findings: FindingList,
  grid?: { readonly intervalMs: IntervalMs; readonly shiftMs: number },
): FileRows {
  const time = grid === undefined ? rows.time : onGrid(rows, grid.intervalMs, grid.shiftMs, findings);
  let missing = 0;
  let backward = 0;
  let equal = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < rows.length; index++) {
    const now = time[index]!;
    if (now > previous) {
      previous = now;
    } else if (Number.isNaN(now)) {
      if (missing++ < 5) findings.add("missing-time", placeOf(rows, index, Number.NaN, "an empty cell"), 0);
    } else {
      if (now === previous) equal++;
      else if (backward++ < 5) {
        findings.add("unsorted", placeOf(rows, index, now, `a row older than the one before`), 0);
      }
      previous = now;
    }
  }
  if (missing > 0) findings.add("missing-time", undefined, missing);
  if (backward > 0) findings.add("unsorted", undefined, backward);
  if (missing === 0 && backward === 0 && equal === 0) return time === rows.time ? rows : { ...rows, time };
  return reordered(rows, time, findings);
}

/** Rows with `start <= time < end`, not copied. `rows` are sorted. */
export function selectRange(rows: FileRows, start: EpochMs | undefined, end: EpochMs | undefined): FileRows {
  const from = start === undefined ? 0 : firstAt(rows.time, start);
  const to = end === undefined ? rows.length : firstAt(rows.time, end);
  if (from === 0 && to === rows.length) return rows;
  const last = Math.max(from, to);
  return {
    ...rows,
    length: last - from,
    time: rows.time.subarray(from, last),
    columns: mapColumns(rows.columns, (column) => column.subarray(from, last)),
    rowNumber: (index) => rows.rowNumber(index + from),
  };
}

function onGrid(rows: FileRows, intervalMs: IntervalMs, shiftMs: number, findings: FindingList): Float64Array {
  const time = shiftMs === 0 ? rows.time : rows.time.map((ms) => ms + shiftMs);
  let floored: Float64Array | undefined;
  for (let index = 0; index < rows.length; index++) {
    const now = time[index]!;
    if (now % intervalMs === 0) continue;
    findings.add("off-grid", placeOf(rows, index, now, `${now % intervalMs} ms past a multiple of ${intervalMs} ms`));
    floored ??= time.slice();
    floored[index] = Math.floor(now / intervalMs) * intervalMs;
  }
  return floored ?? time;
}

// Stable by time, then the last row of each time. Times in order stay where they are.
function reordered(rows: FileRows, time: Float64Array, findings: FindingList): FileRows {
  const order: number[] = [];
  for (let index = 0; index < rows.length; index++) if (!Number.isNaN(time[index]!)) order.push(index);
  order.sort((a, b) => time[a]! - time[b]! || a - b);
  const kept: number[] = [];
  for (const index of order) {
    const before = kept.at(-1);
    if (before !== undefined && time[before] === time[index]) {
      const found = `a second row for this time, the first is row ${rows.rowNumber(before)}`;
      findings.add("duplicate", placeOf(rows, index, time[index]!, found));
      kept.pop();
    }
    kept.push(index);
  }
  return {
    ...rows,
    length: kept.length,
    time: Float64Array.from(kept, (index) => time[index]!),
    columns: mapColumns(rows.columns, (column) => Float64Array.from(kept, (index) => column[index]!)),
    rowNumber: (index) => rows.rowNumber(kept[index] ?? index),
  };
}

/** The first place at or after a time; times are sorted. */
export function firstAt(time: Float64Array, timeMs: EpochMs): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mapColumns(
  columns: Readonly<Record<string, Float64Array>>,
  change: (column: Float64Array) => Float64Array,
): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(columns).map(([field, column]) => [field, change(column)]));
}

function placeOf(rows: FileRows, index: number, timeMs: number, found: string) {
  return { row: rows.rowNumber(index), timeMs, column: rows.timeReading.column, found };
}
