import { completeParams, defineOperator, KernelState, RollingComoments } from "../kernel-parts/index.ts";
import { divisorOf, readDeviationParams } from "./deviation.ts";

/**
 * Covariance of two columns over the last `period` rows.
 *
 * `deviation`: `"sample"` (default, divided by `period - 1`) or `"population"` (by `period`). First value at row
 * `period - 1`. Absent while the window holds an absent row of either column.
 */
export const rollingCovariance = defineOperator({
  name: "rolling_covariance",
  version: 1,
  inputs: ["a", "b"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_covariance", params, readDeviationParams(params)),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel(params) {
    const state = new KernelState();
    const window = new RollingComoments(state, params.period);
    const divisor = divisorOf(params);
    return state.kernel((inputs, outputs, from, to) => {
      const [a, b] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        window.push(a[row]!, b[row]!);
        output[row] = window.products / divisor;
      }
    });
  },
});
