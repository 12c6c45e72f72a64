import { completeParams, defineOperator, KernelState, readPeriod, RollingWeightedMean } from "../kernel-parts/index.ts";

/**
 * Linearly weighted moving average: weights `1 … period`, the newest row heaviest. First value at row
 * `period - 1`. Absent while the window holds an absent row.
 */
export const wma = defineOperator({
  name: "wma",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("wma", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = new RollingWeightedMean(state, period);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) output[row] = mean.push(input[row]!);
    });
  },
});
