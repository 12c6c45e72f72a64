import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readPeriod,
  RollingMax,
  RollingMin,
} from "../kernel-parts/index.ts";

/**
 * Williams %R: `-100 · (highest high - close) / (highest high - lowest low)` of `period` rows, -100 to 0. First value
 * at row `period - 1`. Absent while the window holds an absent row or has no range.
 *
 * @see Williams, How I Made One Million Dollars, 1973
 */
export const williamsR = defineOperator({
  name: "williams_r",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["value"],
  resolve: (params) => completeParams("williams_r", params, { period: readPeriod(params, "period", 14) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const high = highest.push(highs[row]!);
        output[row] = finite(((high - closes[row]!) / (high - lowest.push(lows[row]!))) * -100);
      }
    });
  },
});
