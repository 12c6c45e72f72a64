import { vectorUnitFor } from "../vector/index.ts";
import { groupPower, type KernelState } from "../kernel-parts/index.ts";

/** Places in the state. */
const [BEFORE, CHANGE, SIZE, CHANGE_TAIL, SIZE_TAIL] = [0, 1, 2, 3, 4] as const;

/**
 * Wilder's relative strength index from two recursive sums only, `s = r·s + x` with `r = 1 - 1 / period`: that of the
 * change (`G - L`) and that of its size (`G + L`), because `G / (G + L) = (1 + change / size) / 2`, whatever the scale of the
 * two. Nothing branches on the direction of a row.
 *
 * Rows are taken in groups of four, each expressed by the sum before the group: `sₖ = rᵏ·s + tₖ` with `tₖ = r·tₖ₋₁ + xₖ`. That is
 * the same recursion with a chain of dependent operations a quarter as long.
 */
export class WilderStrength {
  /** Value of the row before, the two sums before the group, the `t` of both so far. */
  readonly #values: Float64Array;
  /** Changes still needed before there is a value, rows of the group so far. */
  readonly #counters: Int32Array;
  readonly #rest: number;

  constructor(state: KernelState, period: number) {
    this.#values = state.array(5);
    this.#values[BEFORE] = Number.NaN;
    this.#counters = state.counters(2);
    this.#counters[0] = period;
    this.#rest = 1 - 1 / period;
  }

  push(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    const values = this.#values;
    const step = value - values[BEFORE]!;
    values[BEFORE] = value;
    if (!Number.isFinite(step)) return Number.NaN; // the first row has no change
    if (this.#counters[0]! > 0) return this.#pushSeed(step);
    const rest = this.#rest;
    const place = this.#counters[1]!;
    const changeTail = place === 0 ? step : rest * values[CHANGE_TAIL]! + step;
    const sizeTail = place === 0 ? Math.abs(step) : rest * values[SIZE_TAIL]! + Math.abs(step);
    const power = groupPower(rest, place);
    const change = power * values[CHANGE]! + changeTail;
    const size = power * values[SIZE]! + sizeTail;
    values[CHANGE_TAIL] = changeTail;
    values[SIZE_TAIL] = sizeTail;
    this.#counters[1] = (place + 1) & 3;
    if (place === 3) {
      values[CHANGE] = change;
      values[SIZE] = size;
    }
    return 50 + 50 * (change / size);
  }

  /** Takes rows `from..to-1` of a column; writes the index from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    let row = from;
    while (row < to) {
      if (this.#counters[0] === 0 && this.#counters[1] === 0) {
        row = this.#runGroups(input, output, row, to, target + row - from);
        if (row === to) return;
      }
      output[target + row - from] = this.push(input[row]!);
      row++;
    }
  }

  /** Takes whole groups, state in registers, as long as no row is absent; hands back the row after them. */
  #runGroups(input: Float64Array, output: Float64Array, from: number, to: number, target: number): number {
    const values = this.#values;
    const rest = this.#rest;
    const unit = vectorUnitFor(to - from, input, output);
    if (unit) {
      const { work } = unit;
      const sums = values.subarray(BEFORE, SIZE + 1);
      work.set(sums);
      const [start, end] = [input.byteOffset + 8 * from, output.byteOffset + 8 * target];
      const taken = unit.get("strengthGroups")(start, end, 0, 32 * Math.floor((to - from) / 4), rest);
      sums.set(work.subarray(0, sums.length));
      return from + taken / 8;
    }
    const rest2 = rest * rest;
    const rest3 = rest2 * rest;
    const rest4 = rest3 * rest;
    let before = values[BEFORE]!;
    let change = values[CHANGE]!;
    let size = values[SIZE]!;
    let row = from;
    for (let place = target; row + 3 < to; row += 4, place += 4) {
      const value1 = input[row]!;
      const value2 = input[row + 1]!;
      const value3 = input[row + 2]!;
      const value4 = input[row + 3]!;
      const step1 = value1 - before;
      const step2 = value2 - value1;
      const step3 = value3 - value2;
      const step4 = value4 - value3;
      const change2 = rest * step1 + step2;
      const change3 = rest * change2 + step3;
      const change4 = rest * change3 + step4;
      const size1 = Math.abs(step1);
      const size2 = rest * size1 + Math.abs(step2);
      const size3 = rest * size2 + Math.abs(step3);
      const size4 = rest * size3 + Math.abs(step4);
      if (!(size4 - size4 === 0)) break; // NaN: some row of the group is absent
      output[place] = 50 + 50 * ((rest * change + step1) / (rest * size + size1));
      output[place + 1] = 50 + 50 * ((rest2 * change + change2) / (rest2 * size + size2));
      output[place + 2] = 50 + 50 * ((rest3 * change + change3) / (rest3 * size + size3));
      change = rest4 * change + change4;
      size = rest4 * size + size4;
      output[place + 3] = 50 + 50 * (change / size);
      before = value4;
    }
    values[BEFORE] = before;
    values[CHANGE] = change;
    values[SIZE] = size;
    return row;
  }

  #pushSeed(step: number): number {
    const values = this.#values;
    values[CHANGE]! += step;
    values[SIZE]! += Math.abs(step);
    const missing = this.#counters[0]! - 1;
    this.#counters[0] = missing;
    return missing > 0 ? Number.NaN : 50 + 50 * (values[CHANGE]! / values[SIZE]!);
  }
}
