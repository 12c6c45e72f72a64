import { completeParams, defineOperator, KernelState } from "../kernel-parts/index.ts";
import { moneyFlowMultiplier } from "./money-flow-multiplier.ts";

/**
 * Accumulation/distribution line: the running sum of `multiplier · volume` over the whole past. First value at row 0. An
 * absent row has an absent output and is passed over.
 */
export const adl = defineOperator({
  name: "adl",
  version: 1,
  inputs: ["high", "low", "close", "volume"],
  outputs: ["value"],
  resolve: (params) => completeParams("adl", params, {}),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const sums = state.array(1);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes, volumes] = [inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!];
      const output = outputs[0]!;
      let sum = sums[0]!;
      for (let row = from; row < to; row++) {
        const flow = moneyFlowMultiplier(highs[row]!, lows[row]!, closes[row]!) * volumes[row]!;
        if (Number.isFinite(flow)) sum += flow;
        output[row] = Number.isFinite(flow) ? sum : Number.NaN;
      }
      sums[0] = sum;
    });
  },
});
