import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  RollingMin,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";

/** Smallest of the last `period` rows. First value at row `period - 1`. Absent while the window holds an absent row. */
export const rollingMin = defineOperator({
  name: "rolling_min",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_min", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const window = new RollingMin(state, period);
    return state.kernel((inputs, outputs, from, to) => window.run(inputs[0]!, outputs[0]!, from, to), VECTOR_ROWS);
  },
});
