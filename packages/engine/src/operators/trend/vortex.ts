import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readPeriod,
  RollingSum,
  TrueRange,
} from "../kernel-parts/index.ts";

/**
 * Vortex: `plus = Σ|high - previous low| / Σ true range` and `minus = Σ|low - previous high| / Σ true range` over
 * `period` rows. First value at row `period`. Absent while the window holds an absent row or has no range.
 *
 * @see Botes, Siepman, Technical Analysis of Stocks & Commodities 28(1), 2010
 */
export const vortex = defineOperator({
  name: "vortex",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["plus", "minus"],
  resolve: (params) => completeParams("vortex", params, { period: readPeriod(params, "period", 14) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const trueRange = new TrueRange(state);
    const [range, up, down] = [
      new RollingSum(state, period),
      new RollingSum(state, period),
      new RollingSum(state, period),
    ];
    const previous = state.array(2, Number.NaN); // high and low
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [pluses, minuses] = [outputs[0]!, outputs[1]!];
      for (let row = from; row < to; row++) {
        const high = highs[row]!;
        const low = lows[row]!;
        const ranges = range.push(trueRange.push(high, low, closes[row]!));
        const ups = up.push(Math.abs(high - previous[1]!));
        const downs = down.push(Math.abs(low - previous[0]!));
        previous[0] = high;
        previous[1] = low;
        pluses[row] = finite(ups / ranges);
        minuses[row] = finite(downs / ranges);
      }
    });
  },
});
