import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  RollingMoments,
  scratch,
  type GivenParams,
} from "../kernel-parts/index.ts";

/** Parameters of the bands, and of what is measured on them. */
export function readBandParams(operator: string, params: GivenParams) {
  return completeParams(operator, params, {
    period: readPeriod(params, "period", 20, 2),
    multiplier: readNumber(params, "multiplier", 2, { above: 0 }),
    deviation: readChoice(params, "deviation", ["population", "sample"], "population"),
  });
}

export type BandParams = ReturnType<typeof readBandParams>;

/** Middle and half width of the bands, row by row or for a step. */
export class BandMoments {
  readonly #moments: RollingMoments;
  readonly #multiplier: number;
  readonly #share: number;

  constructor(state: KernelState, { period, multiplier, deviation }: BandParams) {
    this.#moments = new RollingMoments(state, period);
    this.#multiplier = multiplier;
    this.#share = 1 / (deviation === "population" ? period : period - 1);
  }

  /** Takes rows `from..to-1` of a column, at most a step; writes from index 0 on. */
  run(input: Float64Array, mids: Float64Array, halves: Float64Array, from: number, to: number): void {
    const multiplier = this.#multiplier;
    const share = this.#share;
    this.#moments.run(input, mids, halves, from, to);
    for (let index = 0; index < to - from; index++) halves[index] = multiplier * Math.sqrt(halves[index]! * share);
  }
}

/**
 * Bollinger bands: `mid` the mean of `period` rows, `upper` and `lower` `multiplier` standard deviations away.
 *
 * `deviation`: `"population"` (default, as TA-Lib and the published tables) divides by `period`, `"sample"` by `period - 1`.
 * First value at row `period - 1`. Absent while the window holds an absent row; on a flat window the bands meet. Their
 * width and the place of a price between them are operators of their own.
 *
 * @see Bollinger, Bollinger on Bollinger Bands, 2001
 */
export const bollingerBands = defineOperator({
  name: "bollinger_bands",
  version: 1,
  inputs: ["value"],
  outputs: ["mid", "upper", "lower"],
  resolve: (params) => readBandParams("bollinger_bands", params),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel(params) {
    const state = new KernelState();
    const bands = new BandMoments(state, params);
    return state.kernel((inputs, outputs, from, to) => {
      const [mids, uppers, lowers] = [outputs[0]!, outputs[1]!, outputs[2]!];
      const { a: means, b: halves } = scratch;
      bands.run(inputs[0]!, means, halves, from, to);
      for (let row = from, index = 0; row < to; row++, index++) {
        const mid = means[index]!;
        const half = halves[index]!;
        mids[row] = mid;
        uppers[row] = mid + half;
        lowers[row] = mid - half;
      }
    });
  },
});
