import { readChoice, RollingMean, TrueRange, type GivenParams, type KernelState } from "../kernel-parts/index.ts";
import { WilderRange } from "./wilder-range.ts";

export type AtrSmoothing = "wilder" | "simple";

export function readAtrSmoothing(params: GivenParams): AtrSmoothing {
  return readChoice(params, "smoothing", ["wilder", "simple"], "wilder");
}

/**
 * Mean true range as a part: Wilder's, or the plain mean of the last `period` ranges. The first row has no range, so
 * the first value comes at row `period`.
 */
export function averageTrueRange(
  state: KernelState,
  period: number,
  smoothing: AtrSmoothing,
): WilderRange | SimpleRange {
  return smoothing === "wilder" ? new WilderRange(state, period) : new SimpleRange(state, period);
}

class SimpleRange {
  readonly #trueRange: TrueRange;
  readonly #mean: RollingMean;

  constructor(state: KernelState, period: number) {
    this.#trueRange = new TrueRange(state);
    this.#mean = new RollingMean(state, period);
  }

  push(high: number, low: number, close: number): number {
    return this.#mean.push(this.#trueRange.push(high, low, close));
  }

  run(columns: readonly Float64Array[], output: Float64Array, from: number, to: number): void {
    const [highs, lows, closes] = [columns[0]!, columns[1]!, columns[2]!];
    for (let row = from; row < to; row++) output[row] = this.push(highs[row]!, lows[row]!, closes[row]!);
  }
}
