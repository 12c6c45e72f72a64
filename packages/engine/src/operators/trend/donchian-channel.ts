import {
  completeParams,
  defineOperator,
  KernelState,
  readFlag,
  readPeriod,
  RollingMax,
  RollingMin,
} from "../kernel-parts/index.ts";

/**
 * Donchian channel: `upper` the highest high, `lower` the lowest low of `period` rows, `middle` halfway.
 *
 * `includeCurrent`: true (default) takes the row itself into the window, first value at row `period - 1`; false (as
 * the published table) takes the `period` rows before it, first value at row `period`, so that a close beyond the
 * channel is a breakout. Absent while the window holds an absent row.
 */
export const donchianChannel = defineOperator({
  name: "donchian_channel",
  version: 1,
  inputs: ["high", "low"],
  outputs: ["upper", "middle", "lower"],
  resolve: (params) =>
    completeParams("donchian_channel", params, {
      period: readPeriod(params, "period", 20),
      includeCurrent: readFlag(params, "includeCurrent", true),
    }),
  warmupRows: ({ period, includeCurrent }) => (includeCurrent ? period - 1 : period),
  lookbackRows: () => 0,
  createKernel({ period, includeCurrent }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    const last = state.array(2, Number.NaN); // extremes as of the row before
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows] = [inputs[0]!, inputs[1]!];
      const [uppers, middles, lowers] = [outputs[0]!, outputs[1]!, outputs[2]!];
      for (let row = from; row < to; row++) {
        const high = highest.push(highs[row]!);
        const low = lowest.push(lows[row]!);
        const upper = includeCurrent ? high : last[0]!;
        const lower = includeCurrent ? low : last[1]!;
        last[0] = high;
        last[1] = low;
        uppers[row] = upper;
        middles[row] = (upper + lower) / 2;
        lowers[row] = lower;
      }
    });
  },
});
