import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";

/**
 * Aroon: `up = 100 · (period - rows since the highest high) / period` over the last `period + 1` rows, `down` the same
 * for the lowest low, `oscillator = up - down`. Of equal extremes the latest counts. First value at row `period`.
 * Absent while the window holds an absent row.
 *
 * @see Chande, Technical Analysis of Stocks & Commodities 13(9), 1995
 */
export const aroon = defineOperator({
  name: "aroon",
  version: 1,
  inputs: ["high", "low"],
  outputs: ["up", "down", "oscillator"],
  resolve: (params) => completeParams("aroon", params, { period: readPeriod(params, "period", 25) }),
  warmupRows: ({ period }) => period,
  lookbackRows: ({ period }) => period,
  createKernel({ period }) {
    const state = new KernelState();
    const missing = state.counters(1, period);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows] = [inputs[0]!, inputs[1]!];
      const [ups, downs, oscillators] = [outputs[0]!, outputs[1]!, outputs[2]!];
      for (let row = from; row < to; row++) {
        if (Number.isNaN(highs[row]! + lows[row]!)) missing[0] = period + 1;
        if (missing[0]! > 0) {
          missing[0]!--;
          ups[row] = downs[row] = oscillators[row] = Number.NaN;
          continue;
        }
        let highAge = 0;
        let lowAge = 0;
        for (let age = 1; age <= period; age++) {
          if (highs[row - age]! > highs[row - highAge]!) highAge = age;
          if (lows[row - age]! < lows[row - lowAge]!) lowAge = age;
        }
        const up = ((period - highAge) / period) * 100;
        const down = ((period - lowAge) / period) * 100;
        ups[row] = up;
        downs[row] = down;
        oscillators[row] = up - down;
      }
    });
  },
});
