import type { KernelState } from "./kernel-state.ts";

/**
 * Recursive mean `e += alpha · (x - e)`, started with the mean of the first `seedRows` rows.
 *
 * Held relative to the first row, so that a flat series gives exactly its value and a large offset costs no
 * digits. An absent (or infinite) row has an absent output and leaves the state as it was: the next row goes on from there.
 */
export class ExponentialMean {
  /** The first row; the mean relative to it, or the sum of the seed rows while they are being counted. */
  readonly #values: Float64Array;
  /** Rows still needed before there is a value. */
  readonly #missing: Int32Array;
  readonly #seedRows: number;
  readonly #alpha: number;
  readonly #rest: number;

  constructor(state: KernelState, alpha: number, seedRows: number) {
    this.#values = state.array(2);
    this.#values[0] = Number.NaN;
    this.#missing = state.counters(1, seedRows);
    this.#seedRows = seedRows;
    this.#alpha = alpha;
    this.#rest = 1 - alpha;
  }

  push(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    if (this.#missing[0]! > 0) return this.#pushSeed(value);
    const values = this.#values;
    const anchor = values[0]!;
    const offset = this.#alpha * (value - anchor) + this.#rest * values[1]!;
    values[1] = offset;
    return anchor + offset;
  }

  /** The same over rows `from..to-1` of a column, with the state in registers. */
  run(input: Float64Array, output: Float64Array, from: number, to: number): void {
    let row = from;
    for (; row < to && this.#missing[0]! > 0; row++) output[row] = this.push(input[row]!);
    const alpha = this.#alpha;
    const rest = this.#rest;
    const values = this.#values;
    const anchor = values[0]!;
    let offset = values[1]!;
    for (; row < to; row++) {
      const value = input[row]!;
      if (!Number.isFinite(value)) {
        output[row] = Number.NaN;
        continue;
      }
      offset = alpha * (value - anchor) + rest * offset;
      output[row] = anchor + offset;
    }
    values[1] = offset;
  }

  #pushSeed(value: number): number {
    const values = this.#values;
    if (Number.isNaN(values[0]!)) values[0] = value;
    const missing = this.#missing[0]! - 1;
    this.#missing[0] = missing;
    values[1]! += value - values[0]!;
    if (missing > 0) return Number.NaN;
    values[1]! /= this.#seedRows;
    return values[0]! + values[1]!;
  }
}

/** The `2 / (period + 1)` mean seeded by the first `period` rows. */
export function exponentialMean(state: KernelState, period: number): ExponentialMean {
  return new ExponentialMean(state, 2 / (period + 1), period);
}

/** Wilder's mean: `alpha = 1 / period`, seeded by the first `period` rows. */
export function wilderMean(state: KernelState, period: number): ExponentialMean {
  return new ExponentialMean(state, 1 / period, period);
}
