import type { KernelState } from "./kernel-state.ts";

/**
 * Sums of the second and third power of the deviations from the mean of the last `period >= 3` rows, by the block
 * scheme of `RollingMoments`.
 */
export class RollingCubes {
  /** `Σ (x - mean)²` of the window that ended with the last row, never negative; NaN before there is one. */
  squares = Number.NaN;
  /** `Σ (x - mean)³`. */
  cubes = Number.NaN;

  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #third: Float64Array;
  readonly #position: Int32Array;
  /** Anchor, then the prefix sums of the first, second and third power. */
  readonly #sums: Float64Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#first = state.array(period - 1, Number.NaN);
    this.#second = state.array(period - 1, Number.NaN);
    this.#third = state.array(period - 1, Number.NaN);
    this.#position = state.counters(1);
    this.#sums = state.array(4);
    this.#period = period;
  }

  push(value: number): void {
    const sums = this.#sums;
    const position = this.#position[0]!;
    const anchor = sums[0]!;
    const deviation = value - anchor;
    const square = deviation * deviation;
    sums[1]! += deviation;
    sums[2]! += square;
    sums[3]! += square * deviation;
    const first = this.#first[position]! + sums[1]!;
    const second = this.#second[position]! + sums[2]!;
    const third = this.#third[position]! + sums[3]!;
    const offset = first / this.#period;
    const squares = second - first * offset;
    this.squares = Math.max(0, squares);
    this.cubes = third - offset * (3 * second - 2 * first * offset);
    this.#first[position] = value;
    this.#position[0] = position + 1;
    if (position + 1 === this.#first.length) this.#endBlock();
  }

  #endBlock(): void {
    const anchor = this.#first[this.#first.length - 1]!;
    let first = 0;
    let second = 0;
    let third = 0;
    for (let position = this.#first.length - 1; position >= 0; position--) {
      const deviation = this.#first[position]! - anchor;
      const square = deviation * deviation;
      first += deviation;
      second += square;
      third += square * deviation;
      this.#first[position] = first;
      this.#second[position] = second;
      this.#third[position] = third;
    }
    this.#position[0] = 0;
    this.#sums.fill(0);
    this.#sums[0] = anchor;
  }
}
