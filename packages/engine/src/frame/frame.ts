import type { EpochMs, IntervalMs, JsonValue } from "@qmtl/core";

/**
 * Rows of one stream as columns. `time[i]` is the start of bucket i (UTC ms, strictly increasing, a multiple
 * of `intervalMs`); row i covers `[time[i], time[i] + intervalMs)` and is knowable at its end. NaN in a
 * numeric column is an absent value.
 */
export interface Frame {
  readonly intervalMs: IntervalMs;
  readonly length: number;
  readonly time: Float64Array;
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Values that are not numbers, by field; same length. */
  readonly objects?: Readonly<Record<string, readonly (JsonValue | undefined)[]>>;
}

/** Rows `from..to-1` of a frame, without copying. */
export function sliceFrame(frame: Frame, from: number, to: number): Frame {
  const columns: Record<string, Float64Array> = {};
  for (const [field, column] of Object.entries(frame.columns)) columns[field] = column.subarray(from, to);
  const objects: Record<string, readonly (JsonValue | undefined)[]> = {};
  for (const [field, values] of Object.entries(frame.objects ?? {})) objects[field] = values.slice(from, to);
  const time = frame.time.subarray(from, to);
  return { intervalMs: frame.intervalMs, length: time.length, time, columns, ...(frame.objects && { objects }) };
}

/** Index of the first row with `time[i] >= timeMs`; the frame's length when there is none. */
export function firstRowAt(frame: Frame, timeMs: EpochMs): number {
  let low = 0;
  let high = frame.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (frame.time[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
