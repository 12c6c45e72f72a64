import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  RollingMax,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";

/** Largest of the last `period` rows. First value at row `period - 1`. Absent while the window holds an absent row. */
export const rollingMax = defineOperator({
  name: "rolling_max",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_max", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const window = new RollingMax(state, period);
    return state.kernel((inputs, outputs, from, to) => window.run(inputs[0]!, outputs[0]!, from, to), VECTOR_ROWS);
  },
});
