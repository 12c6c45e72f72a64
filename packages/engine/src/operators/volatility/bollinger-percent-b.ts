import { defineOperator, finite, KernelState, RollingMoments, scratch } from "../kernel-parts/index.ts";
import { bandScale, readBandParams } from "./bollinger-bands.ts";

/**
 * Place of the value between the Bollinger bands, %b: `(x - lower) / (upper - lower)`, 0 on the lower, 1 on the upper.
 *
 * Parameters, first value and absent rows as `bollinger_bands`; absent on a flat window.
 *
 * @see Bollinger, Bollinger on Bollinger Bands, 2001
 */
export const bollingerPercentB = defineOperator({
  name: "bollinger_percent_b",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => readBandParams("bollinger_percent_b", params),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel(params) {
    const state = new KernelState();
    const moments = new RollingMoments(state, params.period);
    const scale = bandScale(params);
    return state.kernel((inputs, outputs, from, to) => {
      const [input, places] = [inputs[0]!, outputs[0]!];
      const { a: mids, b: squares } = scratch;
      moments.run(input, mids, squares, from, to);
      for (let row = from, index = 0; row < to; row++, index++) {
        const half = scale * Math.sqrt(squares[index]!);
        places[row] = finite((input[row]! - mids[index]! + half) / (2 * half));
      }
    });
  },
});
