import { completeParams, defineOperator, KernelState, readNumber } from "../kernel-parts/index.ts";
import { estimateBand } from "./price-band.ts";

/**
 * {@link estimateBand} carried along a price: exponentially weighted mean and deviation, the band `width` deviations
 * around them and the position in it (`pbx`, 0 while the band has no width). Starts at the first price with
 * deviation 0; a row without price is absent and changes nothing.
 */
export const priceBand = defineOperator({
  name: "price_band",
  version: 1,
  inputs: ["price"],
  outputs: ["mean", "deviation", "upper", "lower", "pbx"],
  resolve: (given) =>
    completeParams("price_band", given, {
      meanRate: readNumber(given, "meanRate", 0.05, { above: 0, max: 1 }),
      deviationRate: readNumber(given, "deviationRate", 0.05, { above: 0, max: 1 }),
      width: readNumber(given, "width", 2, { above: 0 }),
    }),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ meanRate, deviationRate, width }) {
    const state = new KernelState();
    const mean = state.array(1, Number.NaN);
    const deviation = state.array(1);
    return state.kernel(([price], outputs, from, to) => {
      const [means, deviations, uppers, lowers, positions] = outputs;
      for (let i = from; i < to; i++) {
        const value = price![i]!;
        if (Number.isNaN(value)) {
          for (const output of outputs) output[i] = Number.NaN;
          continue;
        }
        const start = Number.isNaN(mean[0]!) ? value : mean[0]!;
        const band = estimateBand(value, start, deviation[0]!, meanRate, deviationRate, width);
        mean[0] = means![i] = band.mean;
        deviation[0] = deviations![i] = band.deviation;
        uppers![i] = band.upper;
        lowers![i] = band.lower;
        positions![i] = band.pbx;
      }
    });
  },
});
