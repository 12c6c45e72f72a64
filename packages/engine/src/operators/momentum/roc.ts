import { completeParams, defineOperator, finite, KernelState, readPeriod } from "../kernel-parts/index.ts";

/**
 * Rate of change in percent: `100 · (x - x[period]) / x[period]`. First value at row `period`. Absent when either
 * row is absent or the older one is 0.
 */
export const roc = defineOperator({
  name: "roc",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("roc", params, { period: readPeriod(params, "period") }),
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
      for (; row < to; row++) {
        const before = input[row - period]!;
        output[row] = finite(((input[row]! - before) / before) * 100);
      }
    });
  },
});
