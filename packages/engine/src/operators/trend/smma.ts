import { completeParams, defineOperator, KernelState, readPeriod, wilderMean } from "../kernel-parts/index.ts";

/**
 * Smoothed moving average, also Wilder's: `s += (x - s) / period`, seeded by the mean of the first `period`
 * rows. First value at row `period - 1`. An absent row has an absent output and leaves the state as it was.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const smma = defineOperator({
  name: "smma",
  version: 2,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("smma", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = wilderMean(state, period);
    return state.kernel((inputs, outputs, from, to) => mean.run(inputs[0]!, outputs[0]!, from, to));
  },
});
