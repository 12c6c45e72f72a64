import { completeParams, defineOperator, KernelState, readNumber, readPeriod } from "../kernel-parts/index.ts";
import { averageTrueRange, readAtrSmoothing } from "../volatility/average-true-range.ts";

/**
 * SuperTrend: bands `(high + low) / 2 ± multiplier · ATR` that only ever tighten while their trend lasts.
 *
 * `value` is the active band, `trend` +1 above the lower band and -1 below the upper one; `upper` and `lower` are
 * the carried bands. The upper band falls, or jumps when the previous close was above it; the lower one mirrors
 * that; a close beyond the active band turns the trend. The first trend compares close with the mid-range.
 * First value at row `period`. An absent row has absent outputs and leaves the state as it was.
 *
 * `smoothing` of the ATR: `"wilder"` (default) or `"simple"`.
 *
 * @see Seban, Tout le monde mérite d'être riche, 2009
 */
export const supertrend = defineOperator({
  name: "supertrend",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["value", "trend", "upper", "lower"],
  resolve: (params) =>
    completeParams("supertrend", params, {
      period: readPeriod(params, "period", 10),
      multiplier: readNumber(params, "multiplier", 3, { above: 0 }),
      smoothing: readAtrSmoothing(params),
    }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period, multiplier, smoothing }) {
    const state = new KernelState();
    const averageRange = averageTrueRange(state, period, smoothing);
    const memory = state.array(4, Number.NaN); // upper band, lower band, trend, previous close
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [values, trends, uppers, lowers] = [outputs[0]!, outputs[1]!, outputs[2]!, outputs[3]!];
      let [upper, lower, trend, previousClose] = [memory[0]!, memory[1]!, memory[2]!, memory[3]!];
      for (let row = from; row < to; row++) {
        const close = closes[row]!;
        const range = multiplier * averageRange.push(highs[row]!, lows[row]!, close);
        values[row] = trends[row] = uppers[row] = lowers[row] = Number.NaN;
        if (Number.isNaN(range)) continue;
        const middle = (highs[row]! + lows[row]!) / 2;
        if (Number.isNaN(trend)) {
          trend = close <= middle ? -1 : 1;
          upper = middle + range;
          lower = middle - range;
        } else {
          if (middle + range < upper || previousClose > upper) upper = middle + range;
          if (middle - range > lower || previousClose < lower) lower = middle - range;
          if (trend > 0 ? close < lower : close > upper) trend = -trend;
        }
        previousClose = close;
        values[row] = trend > 0 ? lower : upper;
        trends[row] = trend;
        uppers[row] = upper;
        lowers[row] = lower;
      }
      memory.set([upper, lower, trend, previousClose]);
    });
  },
});
