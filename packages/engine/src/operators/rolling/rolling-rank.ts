import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readPeriod,
  SortedWindow,
} from "../kernel-parts/index.ts";

/**
 * Rank of a row among the last `period` rows, 1 for the smallest.
 *
 * - `ties`: rows of equal size share the `"average"` (default), the `"min"` or the `"max"` of their ranks.
 * - `scale`: `"rank"` (default), 1 to `period`; `"fraction"`, the rank divided by `period`.
 *
 * First value at row `period - 1`. Absent while the window holds an absent row.
 */
export const rollingRank = defineOperator({
  name: "rolling_rank",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rolling_rank", params, {
      period: readPeriod(params, "period"),
      ties: readChoice(params, "ties", ["average", "min", "max"], "average"),
      scale: readChoice(params, "scale", ["rank", "fraction"], "rank"),
    }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period, ties, scale }) {
    const state = new KernelState();
    const window = new SortedWindow(state, period);
    const unit = scale === "rank" ? 1 : period;
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        window.push(value);
        if (!window.isComplete) {
          output[row] = Number.NaN;
          continue;
        }
        const lowest = window.countBelow(value) + 1;
        const highest = window.countUpTo(value);
        const rank = ties === "min" ? lowest : ties === "max" ? highest : (lowest + highest) / 2;
        output[row] = rank / unit;
      }
    });
  },
});
