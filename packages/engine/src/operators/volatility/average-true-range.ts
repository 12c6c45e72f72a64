import {
  readChoice,
  RollingMean,
  scratch,
  TrueRange,
  wilderMean,
  type ExponentialMean,
  type GivenParams,
  type KernelState,
} from "../kernel-parts/index.ts";

export type AtrSmoothing = "wilder" | "simple";

export function readAtrSmoothing(params: GivenParams): AtrSmoothing {
  return readChoice(params, "smoothing", ["wilder", "simple"], "wilder");
}

/**
 * Mean true range: Wilder's, seeded by the mean of the first `period` ranges, or the plain mean of the last
 * `period`. The first row has no range, so the first value comes at row `period`.
 */
export class AverageTrueRange {
  readonly #trueRange: TrueRange;
  readonly #mean: ExponentialMean | RollingMean;

  constructor(state: KernelState, period: number, smoothing: AtrSmoothing) {
    this.#trueRange = new TrueRange(state);
    this.#mean = smoothing === "wilder" ? wilderMean(state, period) : new RollingMean(state, period);
  }

  push(high: number, low: number, close: number): number {
    return this.#mean.push(this.#trueRange.push(high, low, close));
  }

  /** The same over rows `from..to-1` of three columns; writes from index `target` on. */
  run(columns: readonly Float64Array[], output: Float64Array, from: number, to: number, target = from): void {
    this.#trueRange.run(columns[0]!, columns[1]!, columns[2]!, scratch.a, from, to);
    this.#mean.run(scratch.a, output, 0, to - from, target);
  }
}
