import { completeParams, defineOperator, KernelState, readNumber } from "../kernel-parts/index.ts";

/**
 * Volume-weighted average price of every row from `anchorTime` (UTC ms, bucket start) on. Absent before the anchor
 * and until something was traded. An absent row has an absent output and counts for nothing.
 */
export const anchoredVwap = defineOperator({
  name: "anchored_vwap",
  version: 1,
  inputs: ["time", "price", "volume"],
  outputs: ["value"],
  resolve: (params) => completeParams("anchored_vwap", params, { anchorTime: readNumber(params, "anchorTime") }),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ anchorTime }) {
    const state = new KernelState();
    const sums = state.array(2); // turnover, volume
    return state.kernel((inputs, outputs, from, to) => {
      const [times, prices, volumes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const output = outputs[0]!;
      let turnover = sums[0]!;
      let traded = sums[1]!;
      for (let row = from; row < to; row++) {
        const value = prices[row]! * volumes[row]!;
        output[row] = Number.NaN;
        if (!(times[row]! >= anchorTime) || !Number.isFinite(value)) continue;
        turnover += value;
        traded += volumes[row]!;
        if (traded !== 0) output[row] = turnover / traded;
      }
      sums[0] = turnover;
      sums[1] = traded;
    });
  },
});
