import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readPeriod,
  RollingComoments,
} from "../kernel-parts/index.ts";

/**
 * Pearson correlation of two columns over the last `period` rows, -1 to 1. First value at row `period - 1`. Absent while
 * the window holds an absent row of either column, and when either is flat.
 */
export const rollingCorrelation = defineOperator({
  name: "rolling_correlation",
  version: 1,
  inputs: ["a", "b"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rolling_correlation", params, { period: readPeriod(params, "period", undefined, 2) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const window = new RollingComoments(state, period);
    return state.kernel((inputs, outputs, from, to) => {
      const [a, b] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        window.push(a[row]!, b[row]!);
        const scale = Math.sqrt(window.xSquares) * Math.sqrt(window.ySquares);
        // Rounding may carry a perfect correlation a few units beyond 1.
        output[row] = Math.max(-1, Math.min(1, finite(window.products / scale)));
      }
    });
  },
});
