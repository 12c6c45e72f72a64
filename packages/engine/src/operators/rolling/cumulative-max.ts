import { completeParams, defineOperator, KernelState } from "../kernel-parts/index.ts";

/** Largest row so far. First value at row 0. An absent row has an absent output and is passed over. */
export const cumulativeMax = defineOperator({
  name: "cumulative_max",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("cumulative_max", params, {}),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const memory = state.array(1, -Infinity);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let total = memory[0]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        if (Number.isFinite(value)) total = Math.max(total, value);
        output[row] = Number.isFinite(value) ? total : Number.NaN;
      }
      memory[0] = total;
    });
  },
});
