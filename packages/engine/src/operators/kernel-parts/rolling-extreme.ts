import type { KernelState } from "./kernel-state.ts";

/**
 * Largest of the last `period` rows, three comparisons a row whatever the period and the data: the maximum
 * of a window is that of a suffix of the finished block and of a prefix of this one.
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
    const prefix = Math.max(this.#prefix[0]!, value);
    const largest = Math.max(slots[position]!, prefix);
    slots[position] = value;
    this.#prefix[0] = prefix;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) this.#endBlock();
    return largest;
  }

  #endBlock(): void {
    const slots = this.#slots;
    let largest = -Infinity;
    for (let position = slots.length - 1; position >= 0; position--) {
      largest = Math.max(largest, slots[position]!);
      slots[position] = largest;
    }
    if (this.#period === 1) slots[0] = -Infinity;
    this.#position[0] = 0;
    this.#prefix[0] = -Infinity;
  }
}

/** Smallest of the last `period` rows: the largest of the negated ones, which is exact. */
export class RollingMin {
  readonly #negated: RollingMax;

  constructor(state: KernelState, period: number) {
    this.#negated = new RollingMax(state, period);
  }

  push(value: number): number {
    return -this.#negated.push(-value);
  }
}
