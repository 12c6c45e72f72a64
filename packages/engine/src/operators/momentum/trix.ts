import { completeParams, defineOperator, finite, KernelState, readPeriod } from "../kernel-parts/index.ts";
import { cascadeWarmupRows, ExponentialCascade, readCascadeSeed } from "../trend/exponential-cascade.ts";

/**
 * TRIX: percent change from row to row of the triple-smoothed EMA.
 *
 * `seed`: see `CascadeSeed`; first value one row after the third level's. An absent row has an absent output
 * and is passed over: the change is then from the last complete row.
 *
 * @see Hutson, Technical Analysis of Stocks & Commodities 1(5), 1983
 */
export const trix = defineOperator({
  name: "trix",
  version: 2,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("trix", params, { period: readPeriod(params, "period", 14), seed: readCascadeSeed(params) }),
  warmupRows: ({ period, seed }) => cascadeWarmupRows(period, seed, 3) + 1,
  lookbackRows: () => 0,
  createKernel({ period, seed }) {
    const state = new KernelState();
    const cascade = new ExponentialCascade(state, period, seed);
    const previous = state.array(1, Number.NaN);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        cascade.push(input[row]!);
        const before = previous[0]!;
        output[row] = finite(((cascade.third - before) / before) * 100);
        if (!Number.isNaN(cascade.third)) previous[0] = cascade.third;
      }
    });
  },
});
