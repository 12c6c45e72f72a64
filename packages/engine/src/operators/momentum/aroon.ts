import { completeParams, defineOperator, KernelState, readChoice, readPeriod } from "../kernel-parts/index.ts";

/**
 * Aroon: `up = 100 · (period - rows since the highest high) / period` over the last `period + 1` rows, `down` the same
 * for the lowest low, `oscillator = up - down`. First value at row `period`. Absent while the window holds an absent row.
 *
 * `ties`: of equal extremes the `"first"` (default, as the published table) or the `"last"` (as TA-Lib) counts.
 *
 * @see Chande, Technical Analysis of Stocks & Commodities 13(9), 1995
 */
export const aroon = defineOperator({
  name: "aroon",
  version: 1,
  inputs: ["high", "low"],
  outputs: ["up", "down", "oscillator"],
  resolve: (params) =>
    completeParams("aroon", params, {
      period: readPeriod(params, "period", 25),
      ties: readChoice(params, "ties", ["first", "last"], "first"),
    }),
  warmupRows: ({ period }) => period,
  lookbackRows: ({ period }) => period,
  createKernel({ period, ties }) {
    const state = new KernelState();
    const missing = state.counters(1, period);
    const takesFirst = ties === "first";
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
        let highest = highs[row]!;
        let lowest = lows[row]!;
        let highAge = 0;
        let lowAge = 0;
        for (let age = 1; age <= period; age++) {
          const high = highs[row - age]!;
          const low = lows[row - age]!;
          if (high > highest || (takesFirst && high === highest)) {
            highest = high;
            highAge = age;
          }
          if (low < lowest || (takesFirst && low === lowest)) {
            lowest = low;
            lowAge = age;
          }
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
