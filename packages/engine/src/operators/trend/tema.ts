import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";
import { cascadeWarmupRows, ExponentialCascade, readCascadeSeed } from "./exponential-cascade.ts";

/**
 * Triple exponential moving average: `3·e1 - 3·e2 + e3` of an EMA cascade.
 *
 * `seed`: see `CascadeSeed`; first value at row `period - 1` for `"sma"`, `3·(period - 1)` for `"nested"`, 0 for
 * `"first"`. An absent row has an absent output and leaves the state as it was.
 *
 * @see Mulloy, Technical Analysis of Stocks & Commodities 12(2), 1994
 */
export const tema = defineOperator({
  name: "tema",
  version: 2,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("tema", params, { period: readPeriod(params, "period"), seed: readCascadeSeed(params) }),
  warmupRows: ({ period, seed }) => cascadeWarmupRows(period, seed, 3),
  lookbackRows: () => 0,
  createKernel({ period, seed }) {
    const state = new KernelState();
    const cascade = new ExponentialCascade(state, period, seed);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        cascade.push(input[row]!);
        output[row] = cascade.third + 3 * (cascade.first - cascade.second);
      }
    });
  },
});
