import { finite } from "./finite.ts";
import type { KernelState } from "./kernel-state.ts";

/**
 * Wilder's true range, the largest of `high - low`, `|high - previous close|` and `|low - previous close|`: half their
 * sum, because the largest of the three distances between three points is the sum of the other two. That needs no
 * comparison, and gaps are hard to predict. Absent when any of the four is absent or infinite.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export function trueRange(high: number, low: number, close: number, previousClose: number): number {
  const spread = high - low + Math.abs(high - previousClose) + Math.abs(low - previousClose);
  const complete = high + low + close;
  return spread / 2 + (complete - complete);
}

/** True range of row after row. The first has none; an absent row has none either and is passed over. */
export class TrueRange {
  readonly #previousClose: Float64Array;

  constructor(state: KernelState) {
    this.#previousClose = state.array(1, Number.NaN);
  }

  push(high: number, low: number, close: number): number {
    const previousClose = this.#previousClose[0]!;
    if (!Number.isNaN(finite(high + low + close))) this.#previousClose[0] = close;
    return trueRange(high, low, close, previousClose);
  }
}
