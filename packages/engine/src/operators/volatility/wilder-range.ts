import { finite, trueRange, type KernelState } from "../kernel-parts/index.ts";

/**
 * Wilder's mean of the true range in one loop: `a += (range - a) / period`, seeded by the mean of the first `period`
 * ranges. Range and absent rows as in `TrueRange`.
 */
export class WilderRange {
  /** Close of the row before, mean range; the sum of the ranges while the seed is being counted. */
  readonly #values: Float64Array;
  /** Ranges still needed before there is a value. */
  readonly #missing: Int32Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#values = state.array(2);
    this.#values[0] = Number.NaN;
    this.#missing = state.counters(1, period);
    this.#period = period;
  }

  push(high: number, low: number, close: number): number {
    const values = this.#values;
    const range = trueRange(high, low, close, values[0]!);
    const check = finite(high + low + close);
    if (!Number.isNaN(check)) values[0] = close;
    if (Number.isNaN(range)) return range;
    if (this.#missing[0]! > 0) return this.#pushSeed(range);
    const alpha = 1 / this.#period;
    const mean = (1 - alpha) * values[1]! + alpha * range;
    values[1] = mean;
    return mean;
  }

  /** The same over rows `from..to-1` of three columns. */
  run(columns: readonly Float64Array[], output: Float64Array, from: number, to: number): void {
    const [highs, lows, closes] = [columns[0]!, columns[1]!, columns[2]!];
    const values = this.#values;
    let row = from;
    for (; row < to && this.#missing[0]! > 0; row++) {
      output[row] = this.push(highs[row]!, lows[row]!, closes[row]!);
    }
    const alpha = 1 / this.#period;
    const rest = 1 - alpha;
    let before = values[0]!;
    let mean = values[1]!;
    for (; row < to; row++) {
      const close = closes[row]!;
      const next = rest * mean + alpha * trueRange(highs[row]!, lows[row]!, close, before);
      output[row] = next;
      if (!Number.isNaN(next)) {
        mean = next;
        before = close;
      }
    }
    values[0] = before;
    values[1] = mean;
  }

  #pushSeed(range: number): number {
    const values = this.#values;
    const missing = this.#missing[0]! - 1;
    this.#missing[0] = missing;
    values[1]! += range;
    if (missing > 0) return Number.NaN;
    values[1]! /= this.#period;
    return values[1]!;
  }
}
