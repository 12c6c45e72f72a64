import type { KernelState } from "./kernel-state.ts";

/**
 * Wilder's true range, `max(high, previous close) - min(low, previous close)`, which is the largest of
 * `high - low`, `|high - previous close|` and `|low - previous close|`.
 *
 * The first row has none. A row with an absent (or infinite) price has none either and is passed over: the previous close
 * is that of the last complete row.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export class TrueRange {
  readonly #previousClose: Float64Array;

  constructor(state: KernelState) {
    this.#previousClose = state.array(1, Number.NaN);
  }

  push(high: number, low: number, close: number): number {
    const previous = this.#previousClose[0]!;
    if (!Number.isFinite(high + low + close)) return Number.NaN;
    this.#previousClose[0] = close;
    return Math.max(high, previous) - Math.min(low, previous);
  }

  /** The same over rows `from..to-1` of three columns; writes from index 0 on. */
  run(highs: Float64Array, lows: Float64Array, closes: Float64Array, output: Float64Array, from: number, to: number) {
    let previous = this.#previousClose[0]!;
    for (let row = from; row < to; row++) {
      const high = highs[row]!;
      const low = lows[row]!;
      const close = closes[row]!;
      if (Number.isFinite(high + low + close)) {
        output[row - from] = Math.max(high, previous) - Math.min(low, previous);
        previous = close;
      } else {
        output[row - from] = Number.NaN;
      }
    }
    this.#previousClose[0] = previous;
  }
}
