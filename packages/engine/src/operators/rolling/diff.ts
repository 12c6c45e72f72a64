import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";

/**
 * Change over `period` rows, `x - x[period]`. First value at row `period`. Absent when either row is absent.
 */
export const diff = defineOperator({
  name: "diff",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("diff", params, { period: readPeriod(params, "period", 1) }),
  warmupRows: ({ period }) => period,
  lookbackRows: ({ period }) => period,
  createKernel({ period }) {
    const state = new KernelState();
    const missing = state.counters(1, period);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let row = from;
      for (; row < to && missing[0]! > 0; row++, missing[0]!--) output[row] = Number.NaN;
      for (; row < to; row++) output[row] = input[row]! - input[row - period]!;
    });
  },
});
