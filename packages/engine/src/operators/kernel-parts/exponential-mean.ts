import type { KernelState } from "./kernel-state.ts";

/** How a recursive mean starts: with the mean of the first `period` rows, or with the first row alone. */
export type Seed = "sma" | "first";

/**
 * `e = a·x + (1 - a)·e`, seeded as told; absent before the seed is complete.
 *
 * An absent row has an absent output and leaves the state as it was: the next row goes on from there.
 */
export class ExponentialMean {
  /** The mean so far, or the sum of the seed rows while they are being counted. */
  readonly #mean: Float64Array;
  /** Rows still needed before there is a value. */
  readonly #missing: Int32Array;
  readonly #seedRows: number;
  readonly #alpha: number;

  constructor(state: KernelState, alpha: number, seedRows: number) {
    this.#mean = state.array(1);
    this.#missing = state.counters(1, seedRows);
    this.#seedRows = seedRows;
    this.#alpha = alpha;
  }

  push(value: number): number {
    if (value !== value) return value;
    if (this.#missing[0]! > 0) return this.#pushSeed(value);
    const mean = this.#alpha * value + (1 - this.#alpha) * this.#mean[0]!;
    this.#mean[0] = mean;
    return mean;
  }

  /** The same over rows `from..to-1` of a column, with the state in registers. */
  run(input: Float64Array, output: Float64Array, from: number, to: number): void {
    let row = from;
    for (; row < to && this.#missing[0]! > 0; row++) output[row] = this.push(input[row]!);
    const alpha = this.#alpha;
    const rest = 1 - alpha;
    let mean = this.#mean[0]!;
    for (; row < to; row++) {
      const value = input[row]!;
      if (value !== value) {
        output[row] = value;
        continue;
      }
      mean = alpha * value + rest * mean;
      output[row] = mean;
    }
    this.#mean[0] = mean;
  }

  #pushSeed(value: number): number {
    const sum = this.#mean[0]! + value;
    const missing = this.#missing[0]! - 1;
    this.#missing[0] = missing;
    this.#mean[0] = missing === 0 ? sum / this.#seedRows : sum;
    return missing === 0 ? this.#mean[0]! : Number.NaN;
  }
}
