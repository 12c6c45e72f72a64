import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  RollingMean,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";

/**
 * Simple moving average: the mean of the last `period` rows.
 *
 * First value at row `period - 1`. Absent while the window holds an absent row. A flat window gives exactly
 * its value.
 */
export const sma = defineOperator({
  name: "sma",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("sma", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = new RollingMean(state, period);
    return state.kernel(
      (inputs, outputs, from, to) => mean.run(inputs[0]!, outputs[0]!, from, to),
      VECTOR_ROWS,
      (inputs, outputs, row) => {
        outputs[0]![row] = mean.push(inputs[0]![row]!);
      },
    );
  },
});
