import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";
import { cascadeWarmupRows, ExponentialCascade, readCascadeSeed } from "./exponential-cascade.ts";

/**
 * Double exponential moving average: `2·e1 - e2`, where `e2` is the EMA of the EMA `e1`.
 *
 * `seed`: see `CascadeSeed`; first value at row `period - 1` for `"sma"`, `2·(period - 1)` for `"nested"`, 0 for
 * `"first"`. An absent row has an absent output and leaves the state as it was.
 *
 * @see Mulloy, Technical Analysis of Stocks & Commodities 12(1), 1994
 */
export const dema = defineOperator({
  name: "dema",
  version: 2,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("dema", params, { period: readPeriod(params, "period"), seed: readCascadeSeed(params) }),
  warmupRows: ({ period, seed }) => cascadeWarmupRows(period, seed, 2),
  lookbackRows: () => 0,
  createKernel({ period, seed }) {
    const state = new KernelState();
    const cascade = new ExponentialCascade(state, period, seed);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        cascade.push(input[row]!);
        output[row] = cascade.first + (cascade.first - cascade.second);
      }
    });
  },
});
