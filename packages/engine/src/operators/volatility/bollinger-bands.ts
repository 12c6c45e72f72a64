import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  RollingMoments,
  scratch,
} from "../kernel-parts/index.ts";

/**
 * Bollinger bands: `mid` the mean of `period` rows, `upper` and `lower` `multiplier` standard deviations away, `width`
 * `(upper - lower) / mid`, `percent_b` `(x - lower) / (upper - lower)`.
 *
 * `deviation`: `"population"` (default, as TA-Lib and the published tables) divides by `period`, `"sample"` by `period - 1`.
 * First value at row `period - 1`. Absent while the window holds an absent row; on a flat window the bands meet and
 * `percent_b` is absent.
 *
 * @see Bollinger, Bollinger on Bollinger Bands, 2001
 */
export const bollingerBands = defineOperator({
  name: "bollinger_bands",
  version: 1,
  inputs: ["value"],
  outputs: ["mid", "upper", "lower", "width", "percent_b"],
  resolve: (params) =>
    completeParams("bollinger_bands", params, {
      period: readPeriod(params, "period", 20, 2),
      multiplier: readNumber(params, "multiplier", 2, { above: 0 }),
      deviation: readChoice(params, "deviation", ["population", "sample"], "population"),
    }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period, multiplier, deviation }) {
    const state = new KernelState();
    const moments = new RollingMoments(state, period);
    const share = 1 / (deviation === "population" ? period : period - 1);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const [mids, uppers, lowers, widths, percents] = outputs as readonly [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const { a: means, b: squares } = scratch;
      moments.run(input, means, squares, from, to);
      for (let row = from; row < to; row++) {
        const mid = means[row - from]!;
        const band = multiplier * Math.sqrt(squares[row - from]! * share);
        mids[row] = mid;
        uppers[row] = mid + band;
        lowers[row] = mid - band;
        widths[row] = finite((2 * band) / mid);
        percents[row] = finite((input[row]! - mid + band) / (2 * band));
      }
    });
  },
});
