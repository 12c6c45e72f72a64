import type { KernelState } from "./kernel-state.ts";

/**
 * Sum of the last `period` rows, by the block scheme of `RollingMean` without its anchor: for flows (volume,
 * money flow, ranges), where zero is the natural origin.
 */
export class RollingSum {
  readonly #slots: Float64Array;
  readonly #position: Int32Array;
  readonly #prefix: Float64Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#slots = state.array(Math.max(1, period - 1), period === 1 ? 0 : Number.NaN);
    this.#position = state.counters(1);
    this.#prefix = state.array(1);
    this.#period = period;
  }

  push(value: number): number {
    const slots = this.#slots;
    const position = this.#position[0]!;
    const prefix = this.#prefix[0]! + value;
    const sum = slots[position]! + prefix;
    slots[position] = value;
    this.#prefix[0] = prefix;
    this.#position[0] = position + 1;
    if (position + 1 === slots.length) this.#endBlock();
    return sum;
  }

  #endBlock(): void {
    const slots = this.#slots;
    let sum = 0;
    for (let position = slots.length - 1; position >= 0; position--) {
      sum += slots[position]!;
      slots[position] = sum;
    }
    if (this.#period === 1) slots[0] = 0;
    this.#position[0] = 0;
    this.#prefix[0] = 0;
  }
}
