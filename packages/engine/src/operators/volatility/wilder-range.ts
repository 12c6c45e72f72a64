import { vectorUnitFor } from "../vector/index.ts";
import { groupPower, trueRange, type KernelState } from "../kernel-parts/index.ts";

/** Places in the state. */
const [BEFORE, MEAN, TAIL] = [0, 1, 2] as const;

/**
 * Wilder's mean of the true range: `a += (range - a) / period`, seeded by the mean of the first `period` ranges. Range and
 * absent rows as in `TrueRange`.
 *
 * Rows are taken in groups of four, each expressed by the mean before the group: `aₖ = rᵏ·a + tₖ` with `r = 1 - 1 / period` and
 * `tₖ = r·tₖ₋₁ + rangeₖ / period`. That is the same recursion with a chain of dependent operations a quarter as long.
 */
export class WilderRange {
  /** Close of the row before, mean before the group (the sum of the ranges while seeding), the group's `t` so far. */
  readonly #values: Float64Array;
  /** Ranges still needed before there is a value, rows of the group so far. */
  readonly #counters: Int32Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    this.#values = state.array(3);
    this.#values[BEFORE] = Number.NaN;
    this.#counters = state.counters(2);
    this.#counters[0] = period;
    this.#period = period;
  }

  push(high: number, low: number, close: number): number {
    const values = this.#values;
    const range = trueRange(high, low, close, values[BEFORE]!);
    if (Number.isFinite(high + low + close)) values[BEFORE] = close;
    if (!Number.isFinite(range)) return Number.NaN;
    if (this.#counters[0]! > 0) return this.#pushSeed(range);
    const alpha = 1 / this.#period;
    const rest = 1 - alpha;
    const place = this.#counters[1]!;
    const tail = place === 0 ? alpha * range : rest * values[TAIL]! + alpha * range;
    const power = groupPower(rest, place);
    const mean = power * values[MEAN]! + tail;
    values[TAIL] = tail;
    this.#counters[1] = (place + 1) & 3;
    if (place === 3) values[MEAN] = mean;
    return mean;
  }

  /** The same over rows `from..to-1` of three columns. */
  run(columns: readonly Float64Array[], output: Float64Array, from: number, to: number): void {
    const [highs, lows, closes] = [columns[0]!, columns[1]!, columns[2]!];
    let row = from;
    while (row < to) {
      if (this.#counters[0] === 0 && this.#counters[1] === 0) {
        row = this.#runGroups(highs, lows, closes, output, row, to);
        if (row === to) return;
      }
      output[row] = this.push(highs[row]!, lows[row]!, closes[row]!);
      row++;
    }
  }

  /** Takes whole groups, state in registers, as long as no row is absent; hands back the row after them. */
  #runGroups(
    highs: Float64Array,
    lows: Float64Array,
    closes: Float64Array,
    output: Float64Array,
    from: number,
    to: number,
  ): number {
    const values = this.#values;
    const alpha = 1 / this.#period;
    const unit = vectorUnitFor(to - from, highs, lows, closes, output);
    if (unit) {
      const { work } = unit;
      work[0] = values[BEFORE]!;
      work[1] = values[MEAN]!;
      const [high, low, close, end] = [highs, lows, closes, output].map(({ byteOffset }) => byteOffset + 8 * from) as [
        number,
        number,
        number,
        number,
      ];
      const taken = unit.get("rangeGroups")(high, low, close, end, 0, 32 * Math.floor((to - from) / 4), alpha);
      values[BEFORE] = work[0];
      values[MEAN] = work[1];
      return from + taken / 8;
    }
    const rest = 1 - alpha;
    const share = alpha / 2; // of twice the range: halving is exact, so it may as well be done once
    const rest2 = rest * rest;
    const rest3 = rest2 * rest;
    const rest4 = rest3 * rest;
    let before = values[BEFORE]!;
    let mean = values[MEAN]!;
    let row = from;
    for (; row + 3 < to; row += 4) {
      const close1 = closes[row]!;
      const close2 = closes[row + 1]!;
      const close3 = closes[row + 2]!;
      const close4 = closes[row + 3]!;
      const tail1 = share * spread(highs[row]!, lows[row]!, before);
      const tail2 = rest * tail1 + share * spread(highs[row + 1]!, lows[row + 1]!, close1);
      const tail3 = rest * tail2 + share * spread(highs[row + 2]!, lows[row + 2]!, close2);
      const tail4 = rest * tail3 + share * spread(highs[row + 3]!, lows[row + 3]!, close3);
      const check = tail4 + close4;
      if (!(check - check === 0)) break; // NaN: some row of the group is absent
      output[row] = rest * mean + tail1;
      output[row + 1] = rest2 * mean + tail2;
      output[row + 2] = rest3 * mean + tail3;
      mean = rest4 * mean + tail4;
      output[row + 3] = mean;
      before = close4;
    }
    values[BEFORE] = before;
    values[MEAN] = mean;
    return row;
  }

  #pushSeed(range: number): number {
    const values = this.#values;
    const missing = this.#counters[0]! - 1;
    this.#counters[0] = missing;
    values[MEAN]! += range;
    if (missing > 0) return Number.NaN;
    values[MEAN]! /= this.#period;
    return values[MEAN]!;
  }
}

/** Twice the `trueRange` of a row known to be complete. */
function spread(high: number, low: number, previousClose: number): number {
  return high - low + Math.abs(high - previousClose) + Math.abs(low - previousClose);
}
