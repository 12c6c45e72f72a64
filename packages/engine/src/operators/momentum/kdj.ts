import {
  completeParams,
  defineOperator,
  finite,
  ExponentialMean,
  KernelState,
  readChoice,
  readPeriod,
  RollingMax,
  RollingMean,
  RollingMin,
} from "../kernel-parts/index.ts";

/**
 * KDJ: from the raw stochastic value of `period` rows, K smooths it, D smooths K, and `J = 3K - 2D`.
 *
 * `smoothing`: `"recursive"` (default, the usual KDJ) takes `K += (RSV - K) / kPeriod` and `D += (K - D) / dPeriod`, both
 * starting from 50; `"simple"` takes plain means over `kPeriod` and `dPeriod` rows. First K at row `period - 1`
 * (`kPeriod - 1` later when simple). A window without range or with an absent row has no raw value: recursive
 * lines are absent on that row and go on from where they were.
 */
export const kdj = defineOperator({
  name: "kdj",
  version: 2,
  inputs: ["high", "low", "close"],
  outputs: ["k", "d", "j"],
  resolve: (params) =>
    completeParams("kdj", params, {
      period: readPeriod(params, "period", 9),
      kPeriod: readPeriod(params, "kPeriod", 3),
      dPeriod: readPeriod(params, "dPeriod", 3),
      smoothing: readChoice(params, "smoothing", ["recursive", "simple"], "recursive"),
    }),
  warmupRows: ({ period, kPeriod, smoothing }) => period - 1 + (smoothing === "simple" ? kPeriod - 1 : 0),
  lookbackRows: () => 0,
  createKernel({ period, kPeriod, dPeriod, smoothing }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    const line = (rows: number) => {
      if (smoothing === "simple") return new RollingMean(state, rows);
      const mean = new ExponentialMean(state, 1 / rows, 1);
      mean.push(50);
      return mean;
    };
    const [kLine, dLine] = [line(kPeriod), line(dPeriod)];
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [ks, ds, js] = [outputs[0]!, outputs[1]!, outputs[2]!];
      for (let row = from; row < to; row++) {
        const low = lowest.push(lows[row]!);
        const k = kLine.push(finite(((closes[row]! - low) / (highest.push(highs[row]!) - low)) * 100));
        const d = dLine.push(k);
        ks[row] = k;
        ds[row] = d;
        js[row] = 3 * k - 2 * d;
      }
    });
  },
});
