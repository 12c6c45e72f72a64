import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  RollingMoments,
  type GivenParams,
  VECTOR_ROWS,
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

/** Half the width of the bands is this times the root of the sum of squared deviations. */
export function bandScale({ period, multiplier, deviation }: BandParams): number {
  return multiplier / Math.sqrt(deviation === "population" ? period : period - 1);
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
    const moments = new RollingMoments(state, params.period);
    const scale = bandScale(params);
    return state.kernel(
      (inputs, outputs, from, to) => moments.runBands(inputs[0]!, outputs, scale, from, to),
      VECTOR_ROWS,
    );
  },
});
