import { vectorUnitFor, type VectorUnit } from "../vector/index.ts";
import type { KernelState } from "./kernel-state.ts";

/** Longer ones leave no room for the suffix sums of four. */
const LONGEST_BLOCK = 512;

/**
 * Mean and sum of squared deviations of the last `period >= 2` rows, by the block scheme of `RollingMean`.
 *
 * The anchor lies inside every window, so `(mean - anchor)² <= (period - 1) · variance`: the subtraction in
 * `Σd² - (Σd)²/n` costs a factor of about `period` in relative error at most, whatever the offset of the
 * series, and a flat window has exactly zero deviation.
 *
 * @see Chan, Golub, LeVeque, The American Statistician 37(3), 1983, on shifted data
 */
export class RollingMoments {
  /** After `push`: mean of the window that ended with the row; NaN before there is one. */
  mean = Number.NaN;
  /** After `push`: `Σ (x - mean)²`, never negative. */
  squares = Number.NaN;

  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #position: Int32Array;
  /** Anchor, then the prefix sums of the first and second power. */
  readonly #sums: Float64Array;
  readonly #share: number;

  constructor(state: KernelState, period: number) {
    this.#first = state.array(period - 1, Number.NaN);
    this.#second = state.array(period - 1, Number.NaN);
    this.#position = state.counters(1);
    this.#sums = state.array(3);
    this.#share = 1 / period;
  }

  /** Takes one row; `mean` and `squares` are then those of the window that ends with it. */
  push(value: number): void {
    const sums = this.#sums;
    const position = this.#position[0]!;
    const deviation = value - sums[0]!;
    const firstPrefix = sums[1]! + deviation;
    const secondPrefix = sums[2]! + deviation * deviation;
    const first = this.#first[position]! + firstPrefix;
    const offset = first * this.#share;
    const square = this.#second[position]! + secondPrefix - first * offset;
    this.mean = sums[0]! + offset;
    this.squares = Math.abs(square);
    this.#first[position] = value;
    sums[1] = firstPrefix;
    sums[2] = secondPrefix;
    this.#position[0] = position + 1;
    if (position + 1 === this.#first.length) this.#endBlock();
  }

  /**
   * The same for rows `from..to-1` of a column; writes from index 0 on the means and `Σ (x - mean)²`, never negative, of the
   * windows that end with them.
   */
  run(input: Float64Array, means: Float64Array, squares: Float64Array, from: number, to: number): void {
    const firsts = this.#first;
    const seconds = this.#second;
    const size = firsts.length;
    const sums = this.#sums;
    const share = this.#share;
    let row = from;
    while (row < to) {
      let position = this.#position[0]!;
      const anchor = sums[0]!;
      let firstPrefix = sums[1]!;
      let secondPrefix = sums[2]!;
      const end = Math.min(to, row + size - position);
      for (; row < end; row++, position++) {
        const value = input[row]!;
        const deviation = value - anchor;
        firstPrefix += deviation;
        secondPrefix += deviation * deviation;
        const first = firsts[position]! + firstPrefix;
        const offset = first * share;
        const square = seconds[position]! + secondPrefix - first * offset;
        means[row - from] = anchor + offset;
        squares[row - from] = Math.abs(square);
        firsts[position] = value;
      }
      this.#position[0] = position;
      sums[1] = firstPrefix;
      sums[2] = secondPrefix;
      if (position === size) this.#endBlock();
    }
  }

  /**
   * Means, and `scale` times the root of `Σ (x - mean)²` above and below them, in the same loop: a root takes long, but
   * nothing waits for it.
   */
  runBands(input: Float64Array, bands: readonly Float64Array[], scale: number, from: number, to: number): void {
    const [mids, uppers, lowers] = [bands[0]!, bands[1]!, bands[2]!];
    const size = this.#first.length;
    const unit = size <= LONGEST_BLOCK ? vectorUnitFor(to - from, input, ...bands) : undefined;
    let row = from;
    while (row < to) {
      if (unit && this.#position[0] === 0 && row + 4 * size <= to) {
        const rounds = Math.floor((to - row) / (4 * size));
        this.#runBandBlocks(unit, input, bands, scale, row, rounds);
        row += rounds * 4 * size;
        continue;
      }
      if (this.#position[0] === 0 && row + size <= to) {
        this.#runBandBlock(input, mids, uppers, lowers, scale, row);
        row += size;
        continue;
      }
      this.push(input[row]!);
      const half = scale * Math.sqrt(this.squares);
      mids[row] = this.mean;
      uppers[row] = this.mean + half;
      lowers[row] = this.mean - half;
      row++;
    }
  }

  /** Whole blocks, four of them in a round, from the start of one on. */
  #runBandBlocks(
    unit: VectorUnit,
    input: Float64Array,
    bands: readonly Float64Array[],
    scale: number,
    from: number,
    rounds: number,
  ): void {
    const { work } = unit;
    const [firsts, seconds, sums] = [this.#first, this.#second, this.#sums];
    const size = firsts.length;
    for (let position = 0; position < size; position++) {
      work[4 * position + 1] = firsts[position]!;
      work[4 * position + 3] = seconds[position]!;
    }
    const [rows, mids, uppers, lowers] = [input, bands[0]!, bands[1]!, bands[2]!].map(
      ({ byteOffset }) => byteOffset + 8 * from,
    ) as [number, number, number, number];
    const blocks = unit.get("bandBlocks");
    blocks(rows, mids, uppers, lowers, 0, 8 * size, rounds, sums[0]!, this.#share, scale);
    for (let position = 0; position < size; position++) {
      firsts[position] = work[4 * position + 1]!;
      seconds[position] = work[4 * position + 3]!;
    }
    sums[0] = input[from + rounds * 4 * size - 1]!;
  }

  /** Takes a whole block: its rows need not be kept, the suffix sums for the next come straight from the column. */
  #runBandBlock(
    input: Float64Array,
    mids: Float64Array,
    uppers: Float64Array,
    lowers: Float64Array,
    scale: number,
    from: number,
  ): void {
    const firsts = this.#first;
    const seconds = this.#second;
    const size = firsts.length;
    const share = this.#share;
    const anchor = this.#sums[0]!;
    let firstPrefix = 0;
    let secondPrefix = 0;
    for (let position = 0; position < size; position++) {
      const row = from + position;
      const deviation = input[row]! - anchor;
      firstPrefix += deviation;
      secondPrefix += deviation * deviation;
      const first = firsts[position]! + firstPrefix;
      const offset = first * share;
      const mean = anchor + offset;
      const half = scale * Math.sqrt(Math.abs(seconds[position]! + secondPrefix - first * offset));
      mids[row] = mean;
      uppers[row] = mean + half;
      lowers[row] = mean - half;
    }
    const nextAnchor = input[from + size - 1]!;
    let first = 0;
    let second = 0;
    for (let position = size - 1; position >= 0; position--) {
      const deviation = input[from + position]! - nextAnchor;
      first += deviation;
      second += deviation * deviation;
      firsts[position] = first;
      seconds[position] = second;
    }
    this.#sums[0] = nextAnchor;
    this.#sums[1] = 0;
    this.#sums[2] = 0;
  }

  #endBlock(): void {
    const firsts = this.#first;
    const seconds = this.#second;
    const anchor = firsts[firsts.length - 1]!;
    let first = 0;
    let second = 0;
    for (let position = firsts.length - 1; position >= 0; position--) {
      const deviation = firsts[position]! - anchor;
      first += deviation;
      second += deviation * deviation;
      firsts[position] = first;
      seconds[position] = second;
    }
    this.#position[0] = 0;
    this.#sums[0] = anchor;
    this.#sums[1] = 0;
    this.#sums[2] = 0;
  }
}
