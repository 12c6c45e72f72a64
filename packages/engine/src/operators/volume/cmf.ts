import { completeParams, defineOperator, finite, KernelState, readPeriod, RollingSum } from "../kernel-parts/index.ts";
import { moneyFlowMultiplier } from "./money-flow-multiplier.ts";

/**
 * Chaikin money flow: `Σ multiplier·volume / Σ volume` over `period` rows. First value at row `period - 1`. Absent while
 * the window holds an absent row or traded nothing.
 */
export const cmf = defineOperator({
  name: "cmf",
  version: 1,
  inputs: ["high", "low", "close", "volume"],
  outputs: ["value"],
  resolve: (params) => completeParams("cmf", params, { period: readPeriod(params, "period", 20) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const flow = new RollingSum(state, period);
    const traded = new RollingSum(state, period);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes, volumes] = [inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const volume = volumes[row]!;
        const sum = flow.push(moneyFlowMultiplier(highs[row]!, lows[row]!, closes[row]!) * volume);
        const total = traded.push(volume);
        output[row] = finite(sum / total);
      }
    });
  },
});
