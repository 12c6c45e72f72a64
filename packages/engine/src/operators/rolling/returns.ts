import { completeParams, defineOperator, KernelState, readChoice, readPeriod } from "../kernel-parts/index.ts";

/**
 * Return over `period` rows. `kind`: `"simple"` (default), `x / x[period] - 1` as a fraction, or `"log"`, `ln(x / x[period])`.
 *
 * First value at row `period`. Absent when either row is absent, when the older one is 0, and for `"log"` when either is
 * not positive.
 */
export const returns = defineOperator({
  name: "returns",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("returns", params, {
      period: readPeriod(params, "period", 1),
      kind: readChoice(params, "kind", ["simple", "log"], "simple"),
    }),
  warmupRows: ({ period }) => period,
  lookbackRows: ({ period }) => period,
  createKernel({ period, kind }) {
    const state = new KernelState();
    const missing = state.counters(1, period);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let row = from;
      for (; row < to && missing[0]! > 0; row++, missing[0]!--) output[row] = Number.NaN;
      for (; row < to; row++) {
        const now = input[row]!;
        const before = input[row - period]!;
        if (kind === "simple") output[row] = before === 0 ? Number.NaN : (now - before) / before;
        else output[row] = now > 0 && before > 0 ? Math.log(now / before) : Number.NaN;
      }
    });
  },
});
