import { completeParams, defineOperator, KernelState } from "../kernel-parts/index.ts";

/**
 * Sum of every row so far, compensated: the error does not grow with the number of rows. First value at row 0. An
 * absent row has an absent output and is passed over.
 *
 * @see Neumaier, Zeitschrift für Angewandte Mathematik und Mechanik 54(1), 1974
 */
export const cumulativeSum = defineOperator({
  name: "cumulative_sum",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("cumulative_sum", params, {}),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const memory = state.array(2); // sum, what rounding has lost of it
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let sum = memory[0]!;
      let lost = memory[1]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        if (!Number.isFinite(value)) {
          output[row] = Number.NaN;
          continue;
        }
        const next = sum + value;
        lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
        sum = next;
        output[row] = sum + lost;
      }
      memory[0] = sum;
      memory[1] = lost;
    });
  },
});
