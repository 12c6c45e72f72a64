import { completeParams, defineOperator, KernelState, TrueRange } from "../kernel-parts/index.ts";

/**
 * True range: `max(high - low, |high - previous close|, |low - previous close|)`. First value at row 1. A row with an
 * absent price has none; the previous close is that of the last complete row.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const trueRange = defineOperator({
  name: "true_range",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["value"],
  resolve: (params) => completeParams("true_range", params, {}),
  warmupRows: () => 1,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const range = new TrueRange(state);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) output[row] = range.push(highs[row]!, lows[row]!, closes[row]!);
    });
  },
});
