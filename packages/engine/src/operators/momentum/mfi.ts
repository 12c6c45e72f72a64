import { completeParams, defineOperator, KernelState, readPeriod, RollingSum } from "../kernel-parts/index.ts";

/**
 * Money flow index: `100 · P / (P + N)`, with P and N the sums over `period` rows of `typical price · volume` on rows whose
 * typical price `(high + low + close) / 3` rose and fell. First value at row `period`. 100 when nothing fell, absent
 * when nothing flowed and while the window holds an absent row.
 *
 * @see Quong, Soudack, Technical Analysis of Stocks & Commodities 7(3), 1989
 */
export const mfi = defineOperator({
  name: "mfi",
  version: 1,
  inputs: ["high", "low", "close", "volume"],
  outputs: ["value"],
  resolve: (params) => completeParams("mfi", params, { period: readPeriod(params, "period", 14) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const positive = new RollingSum(state, period);
    const negative = new RollingSum(state, period);
    const previous = state.array(1, Number.NaN);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes, volumes] = [inputs[0]!, inputs[1]!, inputs[2]!, inputs[3]!];
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        const typical = (highs[row]! + lows[row]! + closes[row]!) / 3;
        const change = typical - previous[0]!;
        const flow = typical * volumes[row]!;
        const none = Number.isNaN(flow + change) ? Number.NaN : 0;
        previous[0] = typical;
        const inflow = positive.push(change > 0 ? flow : none);
        const outflow = negative.push(change < 0 ? flow : none);
        output[row] = (inflow / (inflow + outflow)) * 100;
      }
    });
  },
});
