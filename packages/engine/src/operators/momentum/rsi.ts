import { completeParams, defineOperator, KernelState, readPeriod, VECTOR_ROWS } from "../kernel-parts/index.ts";
import { readRsiSmoothing, relativeStrength } from "./relative-strength.ts";

/**
 * Relative strength index: `100 · G / (G + L)`, with G and L the mean gain and the mean loss per row.
 *
 * `smoothing`: `"wilder"` (default, as TA-Lib and the published tables) smooths recursively with `1 / period`,
 * seeded by the mean of the first `period` changes; `"simple"` takes plain means over the last `period` changes.
 * First value at row `period`. 100 when nothing fell, 0 when nothing rose, absent when nothing moved.
 * An absent row has an absent output; with `"wilder"` the next change is from the last complete row.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const rsi = defineOperator({
  name: "rsi",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rsi", params, { period: readPeriod(params, "period", 14), smoothing: readRsiSmoothing(params) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period, smoothing }) {
    const state = new KernelState();
    const strength = relativeStrength(state, period, smoothing);
    return state.kernel((inputs, outputs, from, to) => strength.run(inputs[0]!, outputs[0]!, from, to), VECTOR_ROWS);
  },
});
