import { completeParams, defineOperator, KernelState, readPeriod, RollingWeightedMean } from "../kernel-parts/index.ts";

/**
 * Hull moving average: `WMA(2·WMA(x, ⌊period/2⌋) - WMA(x, period), ⌊√period⌋)`. First value at row
 * `period + ⌊√period⌋ - 2`. Absent while any of the windows it is made of holds an absent row.
 *
 * @see Hull, "How to reduce lag in a moving average", 2005
 */
export const hma = defineOperator({
  name: "hma",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("hma", params, { period: readPeriod(params, "period", undefined, 2) }),
  warmupRows: ({ period }) => period + Math.floor(Math.sqrt(period)) - 2,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const half = new RollingWeightedMean(state, Math.floor(period / 2));
    const whole = new RollingWeightedMean(state, period);
    const smooth = new RollingWeightedMean(state, Math.floor(Math.sqrt(period)));
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        output[row] = smooth.push(2 * half.push(value) - whole.push(value));
      }
    });
  },
});
