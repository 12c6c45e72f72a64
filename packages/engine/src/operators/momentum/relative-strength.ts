import { readChoice, RollingMean, type GivenParams, type KernelState } from "../kernel-parts/index.ts";
import { WilderStrength } from "./wilder-strength.ts";

export type RsiSmoothing = "wilder" | "simple";

export function readRsiSmoothing(params: GivenParams): RsiSmoothing {
  return readChoice(params, "smoothing", ["wilder", "simple"], "wilder");
}

/** The relative strength index as a part: recursive, or over plain means of the last `period` changes. */
export function relativeStrength(
  state: KernelState,
  period: number,
  smoothing: RsiSmoothing,
): WilderStrength | SimpleStrength {
  return smoothing === "wilder" ? new WilderStrength(state, period) : new SimpleStrength(state, period);
}

/** The arithmetic of `WilderStrength` over plain means: a window with an absent change is absent. */
class SimpleStrength {
  readonly #change: RollingMean;
  readonly #size: RollingMean;
  readonly #before: Float64Array;

  constructor(state: KernelState, period: number) {
    this.#change = new RollingMean(state, period);
    this.#size = new RollingMean(state, period);
    this.#before = state.array(1, Number.NaN);
  }

  run(input: Float64Array, output: Float64Array, from: number, to: number, target = from): void {
    for (let row = from; row < to; row++) {
      const step = input[row]! - this.#before[0]!;
      this.#before[0] = input[row]!;
      output[row + target - from] = 50 + 50 * (this.#change.push(step) / this.#size.push(Math.abs(step)));
    }
  }
}
