import { defineOperator, finite, KernelState, RollingMoments, scratch } from "../kernel-parts/index.ts";
import { bandScale, readBandParams } from "./bollinger-bands.ts";

/**
 * Width of the Bollinger bands relative to their middle: `(upper - lower) / mid`.
 *
 * Parameters, first value and absent rows as `bollinger_bands`; 0 on a flat window, absent where the middle is 0.
 *
 * @see Bollinger, Bollinger on Bollinger Bands, 2001
 */
export const bollingerWidth = defineOperator({
  name: "bollinger_width",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => readBandParams("bollinger_width", params),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel(params) {
    const state = new KernelState();
    const moments = new RollingMoments(state, params.period);
    const scale = bandScale(params);
    return state.kernel((inputs, outputs, from, to) => {
      const widths = outputs[0]!;
      const { a: mids, b: squares } = scratch;
      moments.run(inputs[0]!, mids, squares, from, to);
      for (let row = from, index = 0; row < to; row++, index++) {
        widths[row] = finite((2 * scale * Math.sqrt(squares[index]!)) / mids[index]!);
      }
    });
  },
});
