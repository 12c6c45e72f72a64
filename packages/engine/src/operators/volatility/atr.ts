import { completeParams, defineOperator, KernelState, readPeriod, VECTOR_ROWS } from "../kernel-parts/index.ts";
import { averageTrueRange, readAtrSmoothing } from "./average-true-range.ts";

/**
 * Average true range over `period` rows.
 *
 * `smoothing`: `"wilder"` (default, as TA-Lib and the published tables): `a += (tr - a) / period`, seeded by the mean of
 * the first `period` ranges; `"simple"`: plain mean of the last `period` ranges. First value at row `period`. An absent
 * row has an absent output; with `"wilder"` the state stays as it was, with `"simple"` its window is absent.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const atr = defineOperator({
  name: "atr",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("atr", params, { period: readPeriod(params, "period", 14), smoothing: readAtrSmoothing(params) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period, smoothing }) {
    const state = new KernelState();
    const averageRange = averageTrueRange(state, period, smoothing);
    return state.kernel((inputs, outputs, from, to) => averageRange.run(inputs, outputs[0]!, from, to), VECTOR_ROWS);
  },
});
