import { completeParams, defineOperator, finite, KernelState, readPeriod, RollingMean } from "../kernel-parts/index.ts";

/**
 * Commodity channel index: `(tp - mean) / (0.015 · mean absolute deviation)` of the typical price
 * `tp = (high + low + close) / 3` over `period` rows. First value at row `period - 1`. Absent while the window holds
 * an absent row, and when it is flat.
 *
 * The deviations are summed afresh at each row: their mean moves with every row.
 *
 * @see Lambert, Commodities 9(10), 1980
 */
export const cci = defineOperator({
  name: "cci",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["value"],
  resolve: (params) => completeParams("cci", params, { period: readPeriod(params, "period", 20) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = new RollingMean(state, period);
    const window = state.array(period, Number.NaN);
    const places = state.counters(1);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const output = outputs[0]!;
      let place = places[0]!;
      for (let row = from; row < to; row++) {
        const typical = (highs[row]! + lows[row]! + closes[row]!) / 3;
        window[place] = typical;
        place = place + 1 === period ? 0 : place + 1;
        const centre = mean.push(typical);
        let deviation = 0;
        for (let index = 0; index < period; index++) deviation += Math.abs(window[index]! - centre);
        output[row] = finite((typical - centre) / ((0.015 * deviation) / period));
      }
      places[0] = place;
    });
  },
});
