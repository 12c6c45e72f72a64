import { finite, type KernelState } from "../kernel-parts/index.ts";

/**
 * Wilder's relative strength index from two recursive means only: that of the change (`G - L`) and that of its size
 * (`G + L`), because `G / (G + L) = (1 + change / size) / 2`. Nothing branches on the direction of a row.
 */
export class WilderStrength {
  /** Value of the row before, mean change, mean size; sums while the seed is being counted. */
  readonly #values: Float64Array;
  /** Changes still needed before there is a value. */
  readonly #missing: Int32Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#values = state.array(3);
    this.#values[0] = Number.NaN;
    this.#missing = state.counters(1, period);
    this.#period = period;
  }

  /** Takes rows `from..to-1` of a column; writes the index from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    const values = this.#values;
    const shift = target - from;
    let row = from;
    for (; row < to && this.#missing[0]! > 0; row++) output[row + shift] = this.#pushSeed(input[row]!);
    const alpha = 1 / this.#period;
    const rest = 1 - alpha;
    let before = values[0]!;
    let change = values[1]!;
    let size = values[2]!;
    for (; row < to; row++) {
      const value = input[row]!;
      const step = finite(value) - before;
      const nextChange = rest * change + alpha * step;
      const nextSize = rest * size + alpha * Math.abs(step);
      output[row + shift] = 50 + 50 * (nextChange / nextSize);
      if (!Number.isNaN(step)) {
        before = value;
        change = nextChange;
        size = nextSize;
      }
    }
    values[0] = before;
    values[1] = change;
    values[2] = size;
  }

  #pushSeed(value: number): number {
    const values = this.#values;
    if (!Number.isFinite(value)) return Number.NaN;
    const step = value - values[0]!;
    values[0] = value;
    if (Number.isNaN(step)) return Number.NaN; // the first row has no change
    values[1]! += step;
    values[2]! += Math.abs(step);
    const missing = this.#missing[0]! - 1;
    this.#missing[0] = missing;
    if (missing > 0) return Number.NaN;
    values[1]! /= this.#period;
    values[2]! /= this.#period;
    return 50 + 50 * (values[1]! / values[2]!);
  }
}
