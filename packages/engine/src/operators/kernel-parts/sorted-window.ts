import type { KernelState } from "./kernel-state.ts";

/**
 * The last `period` rows in order of size: a binary search and a block move a row. Absent rows are counted,
 * not sorted in; the window is complete when it holds `period` rows, none of them absent.
 */
export class SortedWindow {
  /** Ascending; only the first `size` entries count. */
  readonly sorted: Float64Array;
  readonly #arrivals: Float64Array;
  /** Next place in the arrivals, number of sorted values. */
  readonly #counters: Int32Array;

  constructor(state: KernelState, period: number) {
    this.sorted = state.array(period);
    this.#arrivals = state.array(period, Number.NaN);
    this.#counters = state.counters(2);
  }

  get isComplete(): boolean {
    return this.#counters[1] === this.sorted.length;
  }

  push(value: number): void {
    const place = this.#counters[0]!;
    const left = this.#arrivals[place]!;
    this.#arrivals[place] = value;
    this.#counters[0] = place + 1 === this.#arrivals.length ? 0 : place + 1;
    if (!Number.isNaN(left)) this.#remove(left);
    if (!Number.isNaN(value)) this.#insert(value);
  }

  /** How many values are smaller than `value`. */
  countBelow(value: number): number {
    let low = 0;
    let high = this.#counters[1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many values are not larger than `value`. */
  countUpTo(value: number): number {
    let low = 0;
    let high = this.#counters[1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(value: number): void {
    const index = this.countBelow(value);
    const size = this.#counters[1]!;
    this.sorted.copyWithin(index + 1, index, size);
    this.sorted[index] = value;
    this.#counters[1] = size + 1;
  }

  #remove(value: number): void {
    const index = this.countBelow(value);
    const size = this.#counters[1]!;
    this.sorted.copyWithin(index, index + 1, size);
    this.#counters[1] = size - 1;
  }
}
