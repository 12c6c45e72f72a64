import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  RollingMax,
  RollingMean,
  RollingMin,
  scratch,
} from "../kernel-parts/index.ts";
import { readRsiSmoothing, relativeStrength } from "./relative-strength.ts";

/**
 * Stochastic RSI: where the RSI stands between its lowest and highest of `stochPeriod` rows, 0 to 100.
 *
 * - `smoothing`: that of the RSI, `"wilder"` (default) or `"simple"`.
 * - `smooth`: rows of the simple mean over the raw line, 1 (none) unless told.
 * - `signalPeriod`: rows of the simple mean over the value that gives `signal`.
 *
 * First value at row `period + stochPeriod + smooth - 2`, first signal `signalPeriod - 1` rows later. Absent where
 * the RSI did not move over the window.
 *
 * @see Chande, Kroll, The New Technical Trader, 1994
 */
export const stochRsi = defineOperator({
  name: "stoch_rsi",
  version: 1,
  inputs: ["value"],
  outputs: ["value", "signal"],
  resolve(params) {
    const period = readPeriod(params, "period", 14);
    return completeParams("stoch_rsi", params, {
      period,
      stochPeriod: readPeriod(params, "stochPeriod", period),
      smooth: readPeriod(params, "smooth", 1),
      signalPeriod: readPeriod(params, "signalPeriod", 3),
      smoothing: readRsiSmoothing(params),
    });
  },
  warmupRows: ({ period, stochPeriod, smooth }) => period + stochPeriod + smooth - 2,
  lookbackRows: () => 0,
  createKernel({ period, stochPeriod, smooth, signalPeriod, smoothing }) {
    const state = new KernelState();
    const strength = relativeStrength(state, period, smoothing);
    const highest = new RollingMax(state, stochPeriod);
    const lowest = new RollingMin(state, stochPeriod);
    const valueMean = new RollingMean(state, smooth);
    const signalMean = new RollingMean(state, signalPeriod);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const values = outputs[0]!;
      const signals = outputs[1]!;
      strength.run(input, scratch.a, from, to, 0);
      for (let row = from; row < to; row++) {
        const rsi = scratch.a[row - from]!;
        const low = lowest.push(rsi);
        const value = valueMean.push(((rsi - low) / (highest.push(rsi) - low)) * 100);
        values[row] = value;
        signals[row] = signalMean.push(value);
      }
    });
  },
});
