import { completeParams, defineOperator, KernelState, RollingMoments, scratch } from "../kernel-parts/index.ts";
import { divisorOf, readDeviationParams } from "./deviation.ts";

/**
 * `(x - mean) / standard deviation` of the last `period` rows.
 *
 * `deviation`: `"sample"` (default, divided by `period - 1`) or `"population"` (by `period`). First value at row
 * `period - 1`. Absent while the window holds an absent row
 * and when it is flat.
 */
export const rollingZscore = defineOperator({
  name: "rolling_zscore",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_zscore", params, readDeviationParams(params)),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel(params) {
    const state = new KernelState();
    const moments = new RollingMoments(state, params.period);
    const divisor = divisorOf(params);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      const { a: means, b: squares } = scratch;
      moments.run(input, means, squares, from, to);
      for (let row = from; row < to; row++) {
        const deviation = input[row]! - means[row - from]!;
        output[row] = deviation / Math.sqrt(squares[row - from]! / divisor);
      }
    });
  },
});
