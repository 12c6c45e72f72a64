import { completeParams, defineOperator, KernelState, readPeriod, RollingMean } from "../kernel-parts/index.ts";

/** Mean of the last `period` rows: the arithmetic of `sma` under the name of the rolling family. */
export const rollingMean = defineOperator({
  name: "rolling_mean",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_mean", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = new RollingMean(state, period);
    return state.kernel((inputs, outputs, from, to) => mean.run(inputs[0]!, outputs[0]!, from, to));
  },
});
