import {
  completeParams,
  defineOperator,
  exponentialMean,
  KernelState,
  readNumber,
  readPeriod,
} from "../kernel-parts/index.ts";
import { averageTrueRange, readAtrSmoothing } from "./average-true-range.ts";

/**
 * Keltner channel: `mid` the EMA of close over `emaPeriod` rows, `upper` and `lower` `multiplier` ATRs of `atrPeriod` rows
 * away. EMA and ATR each run over the whole past, so their rows always belong together.
 *
 * `smoothing` of the ATR: `"wilder"` (default) or `"simple"`. First bands at row `max(emaPeriod - 1, atrPeriod)`, first mid at
 * row `emaPeriod - 1`. An absent row has absent outputs and leaves the state as it was.
 *
 * @see Keltner, How to Make Money in Commodities, 1960, in Raschke's form
 */
export const keltnerChannel = defineOperator({
  name: "keltner_channel",
  version: 2,
  inputs: ["high", "low", "close"],
  outputs: ["mid", "upper", "lower"],
  resolve: (params) =>
    completeParams("keltner_channel", params, {
      emaPeriod: readPeriod(params, "emaPeriod", 20),
      atrPeriod: readPeriod(params, "atrPeriod", 10),
      multiplier: readNumber(params, "multiplier", 2, { above: 0 }),
      smoothing: readAtrSmoothing(params),
    }),
  warmupRows: ({ emaPeriod }) => emaPeriod - 1,
  lookbackRows: () => 0,
  createKernel({ emaPeriod, atrPeriod, multiplier, smoothing }) {
    const state = new KernelState();
    const mean = exponentialMean(state, emaPeriod);
    const averageRange = averageTrueRange(state, atrPeriod, smoothing);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [mids, uppers, lowers] = [outputs[0]!, outputs[1]!, outputs[2]!];
      for (let row = from; row < to; row++) {
        const close = closes[row]!;
        const mid = mean.push(close);
        const band = multiplier * averageRange.push(highs[row]!, lows[row]!, close);
        mids[row] = mid;
        uppers[row] = mid + band;
        lowers[row] = mid - band;
      }
    });
  },
});
