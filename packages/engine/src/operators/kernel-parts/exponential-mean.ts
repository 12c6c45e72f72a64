import { vectorUnitFor } from "../vector/index.ts";
import { groupPower } from "./group-power.ts";
import type { KernelState } from "./kernel-state.ts";

/** Places in the state. */
const [MEAN, FIRST, TAIL] = [0, 1, 2] as const;

/**
 * Recursive mean `e += alpha · (x - e)`, started with the mean of the first `seedRows` rows.
 *
 * Rows are taken in groups of four, each expressed by the mean `e` before the group and by deviations from the group's
 * first row: `eₖ = (x₁ + tₖ) + rᵏ·(e - x₁)` with `r = 1 - alpha`, `t₁ = 0`, `tₖ = r·tₖ₋₁ + alpha·(xₖ - x₁)`. That is the same recursion, but
 * only one short chain of operations leads from group to group, which is what its speed depends on. A flat series gives
 * exactly its value.
 *
 * An absent (or infinite) row has an absent output and leaves the state as it was: the next row goes on from there.
 */
export class ExponentialMean {
  /** Mean before the group, its first row and its `t` so far; while seeding, the first row and the sum relative to it. */
  readonly #values: Float64Array;
  /** Rows still needed before there is a value, rows of the group so far. */
  readonly #counters: Int32Array;
  readonly #seedRows: number;
  readonly #alpha: number;

  constructor(state: KernelState, alpha: number, seedRows: number) {
    this.#values = state.array(3);
    this.#counters = state.counters(2);
    this.#counters[0] = seedRows;
    this.#seedRows = seedRows;
    this.#alpha = alpha;
  }

  push(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    if (this.#counters[0]! > 0) return this.#pushSeed(value);
    const alpha = this.#alpha;
    if (alpha === 1) return value; // nothing remembered, nothing rounded
    const values = this.#values;
    const rest = 1 - alpha;
    const place = this.#counters[1]!;
    const first = place === 0 ? value : values[FIRST]!;
    const tail =
      place === 0 ? 0 : place === 1 ? alpha * (value - first) : rest * values[TAIL]! + alpha * (value - first);
    const base = values[MEAN]! - first;
    const decayed = groupPower(rest, place) * base;
    const next = (place === 0 ? first : first + tail) + decayed;
    values[FIRST] = first;
    values[TAIL] = tail;
    this.#counters[1] = (place + 1) & 3;
    if (place === 3) values[MEAN] = next;
    return next;
  }

  /** The same over rows `from..to-1` of a column; writes from index `target` on. */
  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    let row = from;
    while (row < to) {
      if (this.#counters[0] === 0 && this.#counters[1] === 0 && this.#alpha !== 1) {
        row = this.#runGroups(input, output, row, to, target + row - from);
        if (row === to) return;
      }
      output[target + row - from] = this.push(input[row]!);
      row++;
    }
  }

  /** Takes whole groups, state in registers, as long as no row is absent; hands back the row after them. */
  #runGroups(input: Float64Array, output: Float64Array, from: number, to: number, target: number): number {
    const alpha = this.#alpha;
    const unit = vectorUnitFor(to - from, input, output);
    if (unit) {
      unit.work[0] = this.#values[MEAN]!;
      const [start, end] = [input.byteOffset + 8 * from, output.byteOffset + 8 * target];
      const taken = unit.get("exponentialGroups")(start, end, 0, 32 * Math.floor((to - from) / 4), alpha);
      this.#values[MEAN] = unit.work[0]!;
      return from + taken / 8;
    }
    const rest = 1 - alpha;
    const rest2 = rest * rest;
    const rest3 = rest2 * rest;
    const rest4 = rest3 * rest;
    let mean = this.#values[MEAN]!;
    let row = from;
    for (let place = target; row + 3 < to; row += 4, place += 4) {
      const first = input[row]!;
      const tail2 = alpha * (input[row + 1]! - first);
      const tail3 = rest * tail2 + alpha * (input[row + 2]! - first);
      const tail4 = rest * tail3 + alpha * (input[row + 3]! - first);
      if (!(tail4 - tail4 === 0)) break; // NaN: some row of the group is absent
      const base = mean - first;
      output[place] = first + rest * base;
      output[place + 1] = first + tail2 + rest2 * base;
      output[place + 2] = first + tail3 + rest3 * base;
      mean = first + tail4 + rest4 * base;
      output[place + 3] = mean;
    }
    this.#values[MEAN] = mean;
    return row;
  }

  #pushSeed(value: number): number {
    const values = this.#values;
    const missing = this.#counters[0]! - 1;
    if (missing === this.#seedRows - 1) values[0] = value;
    this.#counters[0] = missing;
    values[1]! += value - values[0]!;
    if (missing > 0) return Number.NaN;
    values[0]! += values[1]! / this.#seedRows;
    return values[0]!;
  }
}

/** The `2 / (period + 1)` mean seeded by the first `period` rows. */
export function exponentialMean(state: KernelState, period: number): ExponentialMean {
  return new ExponentialMean(state, 2 / (period + 1), period);
}

/** Wilder's mean: `alpha = 1 / period`, seeded by the first `period` rows. */
export function wilderMean(state: KernelState, period: number): ExponentialMean {
  return new ExponentialMean(state, 1 / period, period);
}
