import {
  completeParams,
  defineOperator,
  DelayLine,
  KernelState,
  readPeriod,
  readRows,
  RollingMax,
  RollingMin,
} from "../kernel-parts/index.ts";

/**
 * Ichimoku cloud. `tenkan`, `kijun`: mid-range `(highest high + lowest low) / 2` of `tenkanPeriod` and `kijunPeriod`
 * rows; `senkou_a`: mean of both; `senkou_b`: mid-range of `senkouPeriod` rows; `chikou`: the close `kijunPeriod` rows
 * ago, against which today's close is held (a chart draws today's close that far back, which on that row would
 * be a look ahead).
 *
 * `displacement`: 0 (default) reports the senkou lines on the row they are computed on; n reports on each row what was
 * computed n rows before, as charts draw the cloud with 26. Neither looks ahead.
 *
 * First tenkan at row `tenkanPeriod - 1`, kijun at `kijunPeriod - 1`, senkou_a at the later of both, senkou_b at
 * `senkouPeriod - 1` (both plus `displacement`), chikou at `kijunPeriod`.
 *
 * @see Hosoda, Ichimoku Kinko Hyo, 1969
 */
export const ichimokuCloud = defineOperator({
  name: "ichimoku_cloud",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["tenkan", "kijun", "senkou_a", "senkou_b", "chikou"],
  resolve: (params) =>
    completeParams("ichimoku_cloud", params, {
      tenkanPeriod: readPeriod(params, "tenkanPeriod", 9),
      kijunPeriod: readPeriod(params, "kijunPeriod", 26),
      senkouPeriod: readPeriod(params, "senkouPeriod", 52),
      displacement: readRows(params, "displacement", 0),
    }),
  warmupRows: ({ tenkanPeriod, kijunPeriod }) => Math.min(tenkanPeriod, kijunPeriod) - 1,
  lookbackRows: () => 0,
  createKernel({ tenkanPeriod, kijunPeriod, senkouPeriod, displacement }) {
    const state = new KernelState();
    const [tenkanMax, tenkanMin] = [new RollingMax(state, tenkanPeriod), new RollingMin(state, tenkanPeriod)];
    const [kijunMax, kijunMin] = [new RollingMax(state, kijunPeriod), new RollingMin(state, kijunPeriod)];
    const [senkouMax, senkouMin] = [new RollingMax(state, senkouPeriod), new RollingMin(state, senkouPeriod)];
    const [aDelay, bDelay] = [new DelayLine(state, displacement), new DelayLine(state, displacement)];
    const closeDelay = new DelayLine(state, kijunPeriod);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [tenkans, kijuns, senkouAs, senkouBs, chikous] = outputs as readonly [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let row = from; row < to; row++) {
        const high = highs[row]!;
        const low = lows[row]!;
        const tenkan = (tenkanMax.push(high) + tenkanMin.push(low)) / 2;
        const kijun = (kijunMax.push(high) + kijunMin.push(low)) / 2;
        tenkans[row] = tenkan;
        kijuns[row] = kijun;
        senkouAs[row] = aDelay.push((tenkan + kijun) / 2);
        senkouBs[row] = bDelay.push((senkouMax.push(high) + senkouMin.push(low)) / 2);
        chikous[row] = closeDelay.push(closes[row]!);
      }
    });
  },
});
