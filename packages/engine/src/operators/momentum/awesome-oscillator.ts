import { completeParams, defineOperator, KernelState, readPeriod, RollingMean } from "../kernel-parts/index.ts";

/**
 * Awesome oscillator: `SMA(fastPeriod) - SMA(slowPeriod)` of the median price `(high + low) / 2`. First value at row
 * `max(fastPeriod, slowPeriod) - 1`. Absent while a window holds an absent row.
 *
 * @see Williams, New Trading Dimensions, 1998
 */
export const awesomeOscillator = defineOperator({
  name: "awesome_oscillator",
  version: 1,
  inputs: ["high", "low"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("awesome_oscillator", params, {
      fastPeriod: readPeriod(params, "fastPeriod", 5),
      slowPeriod: readPeriod(params, "slowPeriod", 34),
    }),
  warmupRows: ({ fastPeriod, slowPeriod }) => Math.max(fastPeriod, slowPeriod) - 1,
  lookbackRows: () => 0,
  createKernel({ fastPeriod, slowPeriod }) {
    const state = new KernelState();
    const fast = new RollingMean(state, fastPeriod);
    const slow = new RollingMean(state, slowPeriod);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const median = (highs[row]! + lows[row]!) / 2;
        output[row] = fast.push(median) - slow.push(median);
      }
    });
  },
});
