import { DirectMean } from "./direct-mean.ts";
import { vectorUnitFor, type VectorUnit } from "../vector/index.ts";
import type { KernelState } from "./kernel-state.ts";

/** Up to this many rows a window is summed afresh. */
const DIRECT_ROWS = 4;
/** Longer ones leave no room for the suffix sums of four. */
const LONGEST_BLOCK = 512;

/**
 * Mean of the last `period` rows without ever subtracting what left the window.
 *
 * Rows come in blocks of `period - 1`. A window is the tail of the finished block plus the head of this one,
 * so its sum is a suffix sum, computed backwards once when the block ended, plus a running prefix sum: two
 * additions a row. Nothing drifts, a spike leaves no residue, and an absent row (NaN) spoils exactly the
 * windows that hold it. Sums are taken relative to an anchor, the last row of the finished block: every
 * window of this block holds that row, so a flat window sums to exactly 0 and a large offset costs no digits.
 *
 * @see van Herk, Pattern Recognition Letters 13(7), 1992, for the block scheme
 */
export class RollingMean {
  /** At a position not reached yet the suffix sum to use there; before it, this block's rows. */
  readonly #slots: Float64Array;
  readonly #position: Int32Array;
  /** Anchor and prefix sum. */
  readonly #sums: Float64Array;
  /** For a window of a few rows. */
  readonly direct: DirectMean | undefined;
  readonly #weight: number;

  constructor(state: KernelState, period: number) {
    // Until the first block has ended the suffix is absent: the warm-up needs no branch.
    this.direct = period <= DIRECT_ROWS ? new DirectMean(state, period) : undefined;
    this.#slots = state.array(this.direct ? 0 : period - 1, Number.NaN);
    this.#position = state.counters(1);
    this.#sums = state.array(2);
    this.#weight = 1 / period;
  }

  /** Takes one row, hands back the mean of the window that ends with it. */
  push(value: number): number {
    if (this.direct) return this.direct.push(value);
    const slots = this.#slots;
    const sums = this.#sums;
    const position = this.#position[0]!;
    const anchor = sums[0]!;
    const prefix = sums[1]! + (value - anchor);
    const mean = anchor + (slots[position]! + prefix) * this.#weight;
    slots[position] = value;
    sums[1] = prefix;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) {
      sums[0] = suffixSums(slots);
      sums[1] = 0;
      this.#position[0] = 0;
    }
    return mean;
  }

  /** The same over rows `from..to-1` of a column; writes from index `target` on, which is not below `from`. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    if (this.direct) return this.direct.run(input, output, from, to, target);
    if (to - from === 1) output[target] = this.push(input[from]!);
    else this.#run(input, target === from ? output : output.subarray(target - from), from, to);
  }

  #run(input: Float64Array, output: Float64Array, from: number, to: number): void {
    const size = this.#slots.length;
    const unit = size <= LONGEST_BLOCK ? vectorUnitFor(to - from, input, output) : undefined;
    const start = from + ((size - this.#position[0]!) % size); // the first row of a block
    const rounds = unit ? Math.floor((to - start) / (4 * size)) : 0;
    if (!unit || rounds < 1) return this.#runRows(input, output, from, to);
    this.#runRows(input, output, from, start);
    this.#runBlocks(unit, input, output, start, rounds);
    this.#runRows(input, output, start + rounds * 4 * size, to);
  }

  /** With the state in registers. */
  #runRows(input: Float64Array, output: Float64Array, from: number, to: number): void {
    const slots = this.#slots;
    const size = slots.length;
    const weight = this.#weight;
    const sums = this.#sums;
    let position = this.#position[0]!;
    let anchor = sums[0]!;
    let prefix = sums[1]!;
    let row = from;
    while (row < to) {
      const end = Math.min(to, row + size - position);
      for (; row < end; row++, position++) {
        const value = input[row]!;
        prefix += value - anchor;
        output[row] = anchor + (slots[position]! + prefix) * weight;
        slots[position] = value;
      }
      if (position === size) {
        anchor = suffixSums(slots);
        position = 0;
        prefix = 0;
      }
    }
    this.#position[0] = position;
    sums[0] = anchor;
    sums[1] = prefix;
  }

  /** Whole blocks, four of them in a round, from the start of one on. */
  #runBlocks(unit: VectorUnit, input: Float64Array, output: Float64Array, from: number, rounds: number): void {
    const { work } = unit;
    const slots = this.#slots;
    const size = slots.length;
    const [start, end] = [input.byteOffset + 8 * from, output.byteOffset + 8 * from];
    for (let position = 0; position < size; position++) work[2 * position + 1] = slots[position]!;
    unit.get("meanBlocks")(start, end, 0, 8 * size, rounds, this.#sums[0]!, this.#weight);
    for (let position = 0; position < size; position++) slots[position] = work[2 * position + 1]!;
    this.#sums[0] = input[from + rounds * 4 * size - 1]!;
  }
}

/** Turns a finished block into its suffix sums relative to its last row, which is returned. */
function suffixSums(slots: Float64Array): number {
  const anchor = slots[slots.length - 1]!;
  let sum = 0;
  for (let position = slots.length - 1; position >= 0; position--) {
    sum += slots[position]! - anchor;
    slots[position] = sum;
  }
  return anchor;
}
