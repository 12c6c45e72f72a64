import type { KernelState } from "./kernel-state.ts";

/**
 * Recursive mean `e += alpha · (x - e)`, started with the mean of the first `seedRows` rows.
 *
 * Written this way a flat series gives exactly its value. Rows are taken in groups of four, each expressed by the
 * deviations from the mean before the group: `e₄ = e + (c₃·d₁ + c₂·d₂) + (c₁·d₃ + alpha·d₄)` with `cₖ = alpha·(1 - alpha)ᵏ`. That
 * is the same recursion with a chain of dependent operations a quarter as long, which is what its speed depends on.
 *
 * An absent (or infinite) row has an absent output and leaves the state as it was: the next row goes on from there.
 */
export class ExponentialMean {
  /** Mean before the group (or the first row, while seeding), then the deviations of the group's rows so far. */
  readonly #values: Float64Array;
  /** Rows still needed before there is a value, rows of the group so far. */
  readonly #counters: Int32Array;
  readonly #seedRows: number;
  readonly #alpha: number;
  readonly #c1: number;
  readonly #c2: number;
  readonly #c3: number;

  constructor(state: KernelState, alpha: number, seedRows: number) {
    this.#values = state.array(4);
    this.#counters = state.counters(2);
    this.#counters[0] = seedRows;
    this.#seedRows = seedRows;
    this.#alpha = alpha;
    this.#c1 = alpha * (1 - alpha);
    this.#c2 = this.#c1 * (1 - alpha);
    this.#c3 = this.#c2 * (1 - alpha);
  }

  push(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    if (this.#counters[0]! > 0) return this.#pushSeed(value);
    if (this.#alpha === 1) return value; // nothing remembered, nothing rounded
    const values = this.#values;
    const mean = values[0]!;
    const deviation = value - mean;
    const rows = this.#counters[1]!;
    if (rows < 3) {
      this.#counters[1] = rows + 1;
      values[rows + 1] = deviation;
      if (rows === 0) return mean + this.#alpha * deviation;
      if (rows === 1) return mean + (this.#c1 * values[1]! + this.#alpha * deviation);
      return mean + (this.#c2 * values[1]! + (this.#c1 * values[2]! + this.#alpha * deviation));
    }
    this.#counters[1] = 0;
    const older = this.#c3 * values[1]! + this.#c2 * values[2]!;
    const next = mean + (older + (this.#c1 * values[3]! + this.#alpha * deviation));
    values[0] = next;
    return next;
  }

  /** The same over rows `from..to-1` of a column, whole groups with the state in registers; writes from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    const shift = target - from;
    const alpha = this.#alpha;
    const c1 = this.#c1;
    const c2 = this.#c2;
    const c3 = this.#c3;
    for (let row = from; row < to;) {
      if (this.#counters[0]! === 0 && this.#counters[1]! === 0 && alpha !== 1) {
        let mean = this.#values[0]!;
        for (; row + 3 < to; row += 4) {
          const d1 = input[row]! - mean;
          const d2 = input[row + 1]! - mean;
          const d3 = input[row + 2]! - mean;
          const d4 = input[row + 3]! - mean;
          if (!Number.isFinite(d1 + d2 + d3 + d4)) break;
          output[row + shift] = mean + alpha * d1;
          output[row + shift + 1] = mean + (c1 * d1 + alpha * d2);
          output[row + shift + 2] = mean + (c2 * d1 + (c1 * d2 + alpha * d3));
          mean = mean + (c3 * d1 + c2 * d2 + (c1 * d3 + alpha * d4));
          output[row + shift + 3] = mean;
        }
        this.#values[0] = mean;
        if (row === to) return;
      }
      output[row + shift] = this.push(input[row]!);
      row++;
    }
  }

  #pushSeed(value: number): number {
    const values = this.#values;
    const missing = this.#counters[0]! - 1;
    if (missing === this.#seedRows - 1) values[0] = value;
    this.#counters[0] = missing;
    values[1]! += value - values[0]!;
    if (missing > 0) return Number.NaN;
    values[0]! += values[1]! / this.#seedRows;
    return values[0]!;
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
