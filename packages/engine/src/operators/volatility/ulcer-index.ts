import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";

/**
 * Ulcer index: root mean square of the percentage drawdowns inside the last `period` rows, each from the highest row
 * of that window up to it. First value at row `period - 1`. Absent while the window holds an absent row. Costs one
 * pass over the window a row: where a drawdown starts depends on where the window does.
 *
 * @see Martin, McCann, The Investor's Guide to Fidelity Funds, 1989
 */
export const ulcerIndex = defineOperator({
  name: "ulcer_index",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("ulcer_index", params, { period: readPeriod(params, "period", 14) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: ({ period }) => period - 1,
  createKernel({ period }) {
    const state = new KernelState();
    const missing = state.counters(1, period - 1);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let row = from;
      for (; row < to && missing[0]! > 0; row++, missing[0]!--) output[row] = Number.NaN;
      for (; row < to; row++) {
        let highest = -Infinity;
        let squares = 0;
        for (let index = row - period + 1; index <= row; index++) {
          highest = Math.max(highest, input[index]!);
          const drawdown = ((input[index]! - highest) / highest) * 100;
          squares += drawdown * drawdown;
        }
        output[row] = Math.sqrt(squares / period);
      }
    });
  },
});
