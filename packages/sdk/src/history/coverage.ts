import { QmtlError, type EpochMs, type IntervalMs } from "@qmtl/core";

/**
 * Times from `start` (inclusive) to `end` (exclusive), in ms. Every range of this package is half-open, so that
 * neighbours share a bound, lengths add up, and no bar is lost between an inclusive and an exclusive reader. The
 * bucket `b` of an interval is the range `[b, b + interval)`.
 */
export interface TimeRange {
  readonly start: EpochMs;
  readonly end: EpochMs;
}

/** Sorted, without overlaps; ranges that touch are joined, empty ones dropped. */
export function mergeRanges(ranges: readonly TimeRange[]): TimeRange[] {
  const merged: { start: EpochMs; end: EpochMs }[] = [];
  for (const { start, end } of ranges
    .filter((range) => range.end > range.start)
    .toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** The parts of `wanted` that `covered` leaves out, oldest first. */
export function missingRanges(covered: readonly TimeRange[], wanted: TimeRange): TimeRange[] {
  const missing: TimeRange[] = [];
  let cursor = wanted.start;
  for (const { start, end } of mergeRanges(covered)) {
    if (end <= cursor) continue;
    if (start >= wanted.end) break;
    if (start > cursor) missing.push({ start: cursor, end: start });
    cursor = end;
  }
  if (cursor < wanted.end) missing.push({ start: cursor, end: wanted.end });
  return missing;
}

/** From the first start to the last end; undefined when nothing is covered. */
export function coverageBounds(covered: readonly TimeRange[]): TimeRange | undefined {
  const merged = mergeRanges(covered);
  return merged.length === 0 ? undefined : { start: merged[0]!.start, end: merged.at(-1)!.end };
}

/** Ranges of the buckets that a sorted column of bucket starts covers. */
export function coverageOf(time: Float64Array, intervalMs: IntervalMs): TimeRange[] {
  const ranges: { start: EpochMs; end: EpochMs }[] = [];
  let last: { start: EpochMs; end: EpochMs } | undefined;
  for (const start of time) {
    if (last !== undefined && start === last.end) {
      last.end = start + intervalMs;
    } else {
      last = { start, end: start + intervalMs };
      ranges.push(last);
    }
  }
  return ranges;
}

/** The whole buckets that lie inside `range`: its start moved up and its end moved down to the grid. */
export function wholeBuckets(range: TimeRange, intervalMs: IntervalMs): TimeRange {
  const start = Math.ceil(range.start / intervalMs) * intervalMs;
  return { start, end: Math.max(start, Math.floor(range.end / intervalMs) * intervalMs) };
}

/**
 * Checks that every bucket of `wanted` has a row.
 *
 * @param time bucket starts, sorted
 * @throws QmtlError `DATA_EMPTY` without any row, `DATA_GAP` naming the first missing range, `DATA_MISSING` for fewer
 *   than `rowsMin` rows
 */
export function requireCoverage(time: Float64Array, wanted: TimeRange, intervalMs: IntervalMs, rowsMin = 1): void {
  const text = (ms: EpochMs): string => new Date(ms).toISOString();
  if (time.length === 0) {
    throw new QmtlError("DATA_EMPTY", `expected rows from ${text(wanted.start)} to ${text(wanted.end)}; found none`, {
      details: { wanted },
    });
  }
  const [gap] = missingRanges(coverageOf(time, intervalMs), wholeBuckets(wanted, intervalMs));
  if (gap !== undefined) {
    throw new QmtlError("DATA_GAP", `no rows from ${text(gap.start)} to ${text(gap.end)}`, {
      details: { gap, wanted },
    });
  }
  if (time.length < rowsMin) {
    throw new QmtlError("DATA_MISSING", `expected at least ${rowsMin} rows; found ${time.length}`, {
      details: { expected: rowsMin, found: time.length },
      hint: "ask for an earlier start",
    });
  }
}

/** The newest `period` closed buckets at `now`: what a source needs before its first row. */
export function warmupRange(now: EpochMs, intervalMs: IntervalMs, period: number): TimeRange {
  const end = Math.floor(now / intervalMs) * intervalMs;
  return { start: end - intervalMs * period, end };
}
