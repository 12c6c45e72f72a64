import {
  completeParams,
  defineOperator,
  KernelState,
  readNumber,
  readPeriod,
  RollingMax,
  RollingMin,
} from "../kernel-parts/index.ts";
import { averageTrueRange, readAtrSmoothing } from "./average-true-range.ts";

/**
 * Chandelier exit: `long = highest high - multiplier · ATR`, `short = lowest low + multiplier · ATR`, all over `period` rows.
 *
 * `smoothing` of the ATR: `"wilder"` (default) or `"simple"`. First value at row `period`. Absent while the window of the
 * extremes holds an absent row.
 *
 * @see LeBeau, in Elder, Come into My Trading Room, 2002
 */
export const chandelierExit = defineOperator({
  name: "chandelier_exit",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["long", "short"],
  resolve: (params) =>
    completeParams("chandelier_exit", params, {
      period: readPeriod(params, "period", 22),
      multiplier: readNumber(params, "multiplier", 3, { above: 0 }),
      smoothing: readAtrSmoothing(params),
    }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period, multiplier, smoothing }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    const averageRange = averageTrueRange(state, period, smoothing);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [longs, shorts] = [outputs[0]!, outputs[1]!];
      for (let row = from; row < to; row++) {
        const high = highs[row]!;
        const low = lows[row]!;
        const distance = multiplier * averageRange.push(high, low, closes[row]!);
        longs[row] = highest.push(high) - distance;
        shorts[row] = lowest.push(low) + distance;
      }
    });
  },
});
