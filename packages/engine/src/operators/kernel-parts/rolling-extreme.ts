import { inColumnMemory } from "../../columns/index.ts";
import type { KernelState } from "./kernel-state.ts";
import { ROWS_PER_STEP } from "./scratch.ts";
import { LONGEST_IN_PLACE, LONGEST_WINDOW, windowMaxima, windowMinima } from "./window-extreme.ts";

/**
 * Largest of the last `period` rows, three comparisons a row whatever the period and the data: the maximum
 * of a window is that of a suffix of the finished block and of a prefix of this one. Many rows at once are taken together,
 * and their last ones are then the finished block: a maximum is the same number however it was found. Only -0 and 0 could
 * tell, so -0 is 0.
 *
 * `Math.max` gives NaN as soon as one side is NaN, so a window with an absent row is absent, no other is.
 *
 * @see van Herk, Pattern Recognition Letters 13(7), 1992
 */
export class RollingMax {
  readonly #slots: Float64Array;
  readonly #position: Int32Array;
  readonly #prefix: Float64Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#slots = state.array(Math.max(1, period - 1), period === 1 ? -Infinity : Number.NaN);
    this.#position = state.counters(1);
    this.#prefix = state.array(1, -Infinity);
    this.#period = period;
  }

  push(value: number): number {
    const slots = this.#slots;
    const position = this.#position[0]!;
    const prefix = Math.max(this.#prefix[0]!, value + 0); // -0 is 0
    const largest = Math.max(slots[position]!, prefix);
    slots[position] = value;
    this.#prefix[0] = prefix;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) this.#endBlock();
    return largest;
  }

  /** The same over rows `from..to-1` of a column; writes from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    const isLong = this.#period > 1 && this.#period <= LONGEST_WINDOW && to - from >= 4 * this.#period;
    if (!isLong) return this.#runBlocks(input, output, from, to, target);
    const mayStayInPlace = this.#period >= 4 && this.#period <= LONGEST_IN_PLACE;
    if (mayStayInPlace && inColumnMemory([input, output])) return this.#runInPlace(input, output, from, to, target);
    for (let row = from; row < to; row += ROWS_PER_STEP) {
      const end = Math.min(to, row + ROWS_PER_STEP);
      const range = { input, output, from: row, to: end, target: target + row - from };
      if (windowMaxima.copied(this.#slots, this.#position[0]!, range)) this.keep(input, end);
      else this.#runBlocks(input, output, row, end, range.target);
    }
  }

  /** Vector code looks back in the column itself, so that each stretch of it follows one that was taken row by row. */
  #runInPlace(input: Float64Array, output: Float64Array, from: number, to: number, target: number): void {
    const shift = target - from;
    for (let row = from; row < to;) {
      const end = Math.min(to, row + Math.max(64, 2 * this.#period));
      this.#runBlocks(input, output, row, end, row + shift);
      const taken = windowMaxima.inPlace(this.#period, { input, output, from: end, to, target: end + shift });
      row = end + taken;
      if (taken > 0) this.keep(input, row);
    }
  }

  /** The rows before `end`, as many as a window has less one, become the finished block. */
  keep(input: Float64Array, end: number): void {
    const slots = this.#slots;
    for (let position = 0, row = end - slots.length; row < end; position++, row++) slots[position] = input[row]!;
    this.#endBlock();
  }

  #runBlocks(input: Float64Array, output: Float64Array, from: number, to: number, target: number): void {
    const slots = this.#slots;
    const size = slots.length;
    const shift = target - from;
    let row = from;
    while (row < to) {
      let position = this.#position[0]!;
      let prefix = this.#prefix[0]!;
      const end = Math.min(to, row + size - position);
      for (; row < end; row++, position++) {
        const value = input[row]!;
        prefix = Math.max(prefix, value + 0);
        output[row + shift] = Math.max(slots[position]!, prefix);
        slots[position] = value;
      }
      this.#position[0] = position;
      this.#prefix[0] = prefix;
      if (position === size) this.#endBlock();
    }
  }

  #endBlock(): void {
    const slots = this.#slots;
    let largest = -Infinity;
    for (let position = slots.length - 1; position >= 0; position--) {
      largest = Math.max(largest, slots[position]! + 0);
      slots[position] = largest;
    }
    if (this.#period === 1) slots[0] = -Infinity;
    this.#position[0] = 0;
    this.#prefix[0] = -Infinity;
  }
}

/** Smallest of the last `period` rows, the mirror image of `RollingMax`. */
export class RollingMin {
  readonly #slots: Float64Array;
  readonly #position: Int32Array;
  readonly #prefix: Float64Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#slots = state.array(Math.max(1, period - 1), period === 1 ? Infinity : Number.NaN);
    this.#position = state.counters(1);
    this.#prefix = state.array(1, Infinity);
    this.#period = period;
  }

  push(value: number): number {
    const slots = this.#slots;
    const position = this.#position[0]!;
    const prefix = Math.min(this.#prefix[0]!, value + 0); // -0 is 0
    const smallest = Math.min(slots[position]!, prefix);
    slots[position] = value;
    this.#prefix[0] = prefix;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) this.#endBlock();
    return smallest;
  }

  /** The same over rows `from..to-1` of a column; writes from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    const isLong = this.#period > 1 && this.#period <= LONGEST_WINDOW && to - from >= 4 * this.#period;
    if (!isLong) return this.#runBlocks(input, output, from, to, target);
    const mayStayInPlace = this.#period >= 4 && this.#period <= LONGEST_IN_PLACE;
    if (mayStayInPlace && inColumnMemory([input, output])) return this.#runInPlace(input, output, from, to, target);
    for (let row = from; row < to; row += ROWS_PER_STEP) {
      const end = Math.min(to, row + ROWS_PER_STEP);
      const range = { input, output, from: row, to: end, target: target + row - from };
      if (windowMinima.copied(this.#slots, this.#position[0]!, range)) this.keep(input, end);
      else this.#runBlocks(input, output, row, end, range.target);
    }
  }

  /** Vector code looks back in the column itself, so that each stretch of it follows one that was taken row by row. */
  #runInPlace(input: Float64Array, output: Float64Array, from: number, to: number, target: number): void {
    const shift = target - from;
    for (let row = from; row < to;) {
      const end = Math.min(to, row + Math.max(64, 2 * this.#period));
      this.#runBlocks(input, output, row, end, row + shift);
      const taken = windowMinima.inPlace(this.#period, { input, output, from: end, to, target: end + shift });
      row = end + taken;
      if (taken > 0) this.keep(input, row);
    }
  }

  /** The rows before `end`, as many as a window has less one, become the finished block. */
  keep(input: Float64Array, end: number): void {
    const slots = this.#slots;
    for (let position = 0, row = end - slots.length; row < end; position++, row++) slots[position] = input[row]!;
    this.#endBlock();
  }

  #runBlocks(input: Float64Array, output: Float64Array, from: number, to: number, target: number): void {
    const slots = this.#slots;
    const size = slots.length;
    const shift = target - from;
    let row = from;
    while (row < to) {
      let position = this.#position[0]!;
      let prefix = this.#prefix[0]!;
      const end = Math.min(to, row + size - position);
      for (; row < end; row++, position++) {
        const value = input[row]!;
        prefix = Math.min(prefix, value + 0);
        output[row + shift] = Math.min(slots[position]!, prefix);
        slots[position] = value;
      }
      this.#position[0] = position;
      this.#prefix[0] = prefix;
      if (position === size) this.#endBlock();
    }
  }

  #endBlock(): void {
    const slots = this.#slots;
    let smallest = Infinity;
    for (let position = slots.length - 1; position >= 0; position--) {
      smallest = Math.min(smallest, slots[position]! + 0);
      slots[position] = smallest;
    }
    if (this.#period === 1) slots[0] = Infinity;
    this.#position[0] = 0;
    this.#prefix[0] = Infinity;
  }
}
