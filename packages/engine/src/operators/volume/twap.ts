import { completeParams, defineOperator, finite, KernelState, readPeriod, RollingSum } from "../kernel-parts/index.ts";

/**
 * Time-weighted average of the last `period` observations before this row, each weighted by the time until the next:
 * `Σ x[i]·(t[i+1] - t[i]) / (t[now] - t[first])`. The row itself ends the last interval, its value has no weight yet.
 *
 * Needs `period + 1` rows: first value at row `period`. Absent while one of the weighted rows is absent.
 */
export const twap = defineOperator({
  name: "twap",
  version: 1,
  inputs: ["time", "value"],
  outputs: ["value"],
  resolve: (params) => completeParams("twap", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const weighted = new RollingSum(state, period);
    const elapsed = new RollingSum(state, period);
    const previous = state.array(2, Number.NaN); // time, value
    return state.kernel((inputs, outputs, from, to) => {
      const [times, values] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const time = times[row]!;
        const duration = time - previous[0]!;
        const sum = weighted.push(previous[1]! * duration);
        const total = elapsed.push(duration);
        output[row] = finite(sum / total);
        previous[0] = time;
        previous[1] = values[row]!;
      }
    });
  },
});
