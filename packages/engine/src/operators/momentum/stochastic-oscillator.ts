import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readPeriod,
  RollingMax,
  RollingMean,
  RollingMin,
  scratch,
} from "../kernel-parts/index.ts";
import { VECTOR_SCRATCH_ROWS, vectorUnitFor } from "../vector/index.ts";

/**
 * Stochastic oscillator: `k` is the simple mean over `smooth` rows of
 * `100 · (close - lowest low) / (highest high - lowest low)` of `period` rows, `d` the simple mean of `k` over
 * `signalPeriod` rows. `smooth: 1` gives the fast form.
 *
 * First `k` at row `period + smooth - 2`, first `d` `signalPeriod - 1` rows later. Absent while a window holds an absent
 * row or has no range.
 *
 * @see Lane, Technical Analysis of Stocks & Commodities 2(3), 1984
 */
export const stochasticOscillator = defineOperator({
  name: "stochastic_oscillator",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["k", "d"],
  resolve: (params) =>
    completeParams("stochastic_oscillator", params, {
      period: readPeriod(params, "period", 14),
      smooth: readPeriod(params, "smooth", 3),
      signalPeriod: readPeriod(params, "signalPeriod", 3),
    }),
  warmupRows: ({ period, smooth }) => period + smooth - 2,
  lookbackRows: () => 0,
  createKernel({ period, smooth, signalPeriod }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    const kMean = new RollingMean(state, smooth);
    const dMean = new RollingMean(state, signalPeriod);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const rows = to - from;
      const unit = vectorUnitFor(rows, highs, lows, closes, ...outputs);
      const { a: tops, b: bottoms, c: raw } = unit?.scratch ?? scratch;
      highest.run(highs, tops, from, to, 0);
      lowest.run(lows, bottoms, from, to, 0);
      let index = 0;
      if (unit) {
        index = Math.floor(rows / 4) * 4;
        const close = closes.byteOffset + 8 * from;
        unit.get("placesInRange")(close, tops.byteOffset, bottoms.byteOffset, raw.byteOffset, 8 * index);
      }
      for (; index < rows; index++) {
        const bottom = bottoms[index]!;
        raw[index] = finite(((closes[from + index]! - bottom) / (tops[index]! - bottom)) * 100);
      }
      kMean.run(raw, outputs[0]!, 0, rows, from);
      dMean.run(outputs[0]!, outputs[1]!, from, to);
    }, VECTOR_SCRATCH_ROWS);
  },
});
