import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  RollingMean,
  RollingMoments,
} from "../kernel-parts/index.ts";

/** Mean and population standard deviation of the last `period` values; absent while one of them is. */
export const volumeFeatures = defineOperator({
  name: "volume_features",
  version: 1,
  inputs: ["volume"],
  outputs: ["volume_hat", "volume_std"],
  resolve: (given) => completeParams("volume_features", given, { period: readPeriod(given, "period", undefined, 2) }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const moments = new RollingMoments(state, period);
    return state.kernel(([volume], [mean, deviation], from, to) => {
      for (let i = from; i < to; i++) {
        moments.push(volume![i]!);
        mean![i] = moments.mean;
        deviation![i] = Math.sqrt(moments.squares / period);
      }
    });
  },
});

/** Mean of the last `period` values; absent while one of them is. */
export const avgVolume = defineOperator({
  name: "avg_volume",
  version: 1,
  inputs: ["volume"],
  outputs: ["value"],
  resolve: (given) => completeParams("avg_volume", given, { period: readPeriod(given, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const mean = new RollingMean(state, period);
    return state.kernel(([volume], [result], from, to) => mean.run(volume!, result!, from, to));
  },
});

/** Mean and population standard deviation of a series; NaN for an empty one. */
export function volumeStats(values: readonly number[]): { readonly mean: number; readonly stdev: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, stdev: Math.sqrt(squares / values.length) };
}
