import { QmtlError, type IntervalMs } from "@qmtl/core";
import { firstRowAt, sliceFrame, type Frame } from "@qmtl/engine/frame";
import type { TimeRange } from "./coverage.ts";

export function emptyFrame(intervalMs: IntervalMs): Frame {
  return { intervalMs, length: 0, time: new Float64Array(0), columns: {} };
}

/** Rows with `start <= time < end`, not copied. */
export function frameRange(frame: Frame, range: TimeRange): Frame {
  const from = firstRowAt(frame, range.start);
  return sliceFrame(frame, from, Math.max(from, firstRowAt(frame, range.end)));
}

/**
 * Union of two frames, sorted; on equal times the row of `existing` stays. A field that one of them lacks is NaN in
 * its rows.
 *
 * @throws QmtlError `DATA_UNSORTED` when either is not strictly increasing, `INTERVAL_INVALID` when they differ
 */
export function mergeFrames(existing: Frame, added: Frame): Frame {
  requireSorted(added);
  if (existing.length === 0) return added;
  if (added.length === 0) return existing;
  if (existing.intervalMs !== added.intervalMs) {
    throw new QmtlError(
      "INTERVAL_INVALID",
      `rows of ${existing.intervalMs} ms cannot join rows of ${added.intervalMs} ms`,
    );
  }
  const rowsMax = existing.length + added.length;
  const time = new Float64Array(rowsMax);
  const origin = new Int32Array(rowsMax); // row of `existing`, or -1 - row of `added`
  let [length, left, right] = [0, 0, 0];
  while (left < existing.length || right < added.length) {
    const a = left < existing.length ? existing.time[left]! : Infinity;
    const b = right < added.length ? added.time[right]! : Infinity;
    if (b <= a) right++;
    if (a <= b) left++;
    time[length] = Math.min(a, b);
    origin[length++] = a <= b ? left - 1 : -right;
  }
  const columns: Record<string, Float64Array> = {};
  for (const field of new Set([...Object.keys(existing.columns), ...Object.keys(added.columns)])) {
    const [ours, theirs] = [existing.columns[field], added.columns[field]];
    const column = new Float64Array(length).fill(Number.NaN);
    for (let row = 0; row < length; row++) {
      const from = origin[row]!;
      const source = from >= 0 ? ours : theirs;
      if (source !== undefined) column[row] = source[from >= 0 ? from : -1 - from]!;
    }
    columns[field] = column;
  }
  return { intervalMs: existing.intervalMs, length, time: time.subarray(0, length), columns };
}

function requireSorted(frame: Frame): void {
  for (let row = 1; row < frame.length; row++) {
    if (frame.time[row]! > frame.time[row - 1]!) continue;
    throw new QmtlError(
      "DATA_UNSORTED",
      `times must increase from row to row; row ${row + 1} has ${frame.time[row]!} after ${frame.time[row - 1]!}`,
      { details: { row: row + 1 } },
    );
  }
}
