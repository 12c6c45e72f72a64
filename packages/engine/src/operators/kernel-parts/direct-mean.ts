import { vectorUnitFor } from "../vector/index.ts";
import type { KernelState } from "./kernel-state.ts";

/**
 * Mean of a window of a few rows, summed afresh at each row relative to that row: for so few, keeping blocks costs
 * more than the sum. A flat window gives exactly its value; an absent or infinite row spoils the windows that hold it.
 */
export class DirectMean {
  /** The rows before this one, newest first. */
  readonly before: Float64Array;
  readonly #weight: number;

  constructor(state: KernelState, period: number) {
    this.before = state.array(period - 1, Number.NaN);
    this.#weight = 1 / period;
  }

  push(value: number): number {
    const before = this.before;
    let sum = value - value;
    for (let age = 0; age < before.length; age++) sum += before[age]! - value;
    for (let age = before.length - 1; age > 0; age--) before[age] = before[age - 1]!;
    before[0] = value;
    return value + sum * this.#weight;
  }

  /** The same over rows `from..to-1` of a column; writes from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    const before = this.before;
    const weight = this.#weight;
    const rows = before.length;
    const shift = target - from;
    let row = from;
    for (; row < to && row < from + rows; row++) output[row + shift] = this.push(input[row]!);
    if (row === to) return;
    if (rows === 2) row = this.#runThree(input, output, row, to, shift);
    for (; row < to; row++) {
      const value = input[row]!;
      let sum = value - value;
      for (let age = 1; age <= rows; age++) sum += input[row - age]! - value;
      output[row + shift] = value + sum * weight;
    }
    for (let age = 0; age < rows; age++) before[age] = input[to - 1 - age]!;
  }

  /** Three rows, the usual smoothing: the operations are those of `push`. Hands back the row after those taken. */
  #runThree(input: Float64Array, output: Float64Array, from: number, to: number, shift: number): number {
    const weight = this.#weight;
    const unit = vectorUnitFor(to - from, input, output);
    if (unit) {
      const rows = Math.floor((to - from) / 4) * 4;
      unit.get("meansOfThree")(input.byteOffset + 8 * from, output.byteOffset + 8 * (from + shift), 8 * rows, weight);
      return from + rows;
    }
    let older = input[from - 2]!;
    let old = input[from - 1]!;
    for (let row = from; row < to; row++) {
      const value = input[row]!;
      const sum = value - value + (old - value) + (older - value);
      output[row + shift] = value + sum * weight;
      older = old;
      old = value;
    }
    return to;
  }
}
