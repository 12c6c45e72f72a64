import type { KernelState } from "./kernel-state.ts";

/**
 * Mean of the last `period` rows with weights `1, 2, … period`, the newest heaviest, by the block scheme of
 * `RollingMean`. The finished block contributes a suffix sum of suffix sums; this block contributes
 * `(rows of the window outside it) · Σ d + Σ k·d`, which only ever adds.
 */
export class RollingWeightedMean {
  readonly #slots: Float64Array;
  readonly #position: Int32Array;
  /** Anchor, plain prefix sum, weighted prefix sum. */
  readonly #sums: Float64Array;
  readonly #period: number;
  readonly #scale: number;

  constructor(state: KernelState, period: number) {
    this.#slots = state.array(Math.max(1, period - 1), period === 1 ? 0 : Number.NaN);
    this.#position = state.counters(1);
    this.#sums = state.array(3);
    this.#period = period;
    this.#scale = 2 / (period * (period + 1));
  }

  push(value: number): number {
    const slots = this.#slots;
    const sums = this.#sums;
    const position = this.#position[0]!;
    const anchor = sums[0]!;
    const deviation = value - anchor;
    const plain = sums[1]! + deviation;
    const weighted = sums[2]! + (position + 1) * deviation;
    const outside = this.#period - 1 - position;
    const mean = anchor + (slots[position]! + outside * plain + weighted) * this.#scale;
    slots[position] = value;
    sums[1] = plain;
    sums[2] = weighted;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) this.#endBlock();
    return mean;
  }

  #endBlock(): void {
    const slots = this.#slots;
    const anchor = this.#period === 1 ? 0 : slots[slots.length - 1]!;
    let plain = 0;
    let weighted = 0;
    for (let position = slots.length - 1; position >= 0; position--) {
      plain += slots[position]! - anchor;
      weighted += plain;
      slots[position] = weighted;
    }
    if (this.#period === 1) slots[0] = 0;
    this.#position[0] = 0;
    this.#sums[0] = anchor;
    this.#sums[1] = 0;
    this.#sums[2] = 0;
  }
}
