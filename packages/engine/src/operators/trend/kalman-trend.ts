import { completeParams, defineOperator, KernelState, readNumber } from "../kernel-parts/index.ts";

/**
 * Local-level Kalman filter over the whole past: predict `P += processVariance`, gain `K = P / (P + measurementVariance)`,
 * update `x += K · (z - x)`, `P *= 1 - K`; starts at the first row with `P = 1`.
 *
 * First value at row 0. An absent row has an absent output and leaves the state as it was.
 *
 * @see Kalman, Journal of Basic Engineering 82(1), 1960
 */
export const kalmanTrend = defineOperator({
  name: "kalman_trend",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("kalman_trend", params, {
      processVariance: readNumber(params, "processVariance", 1e-5, { min: 0 }),
      measurementVariance: readNumber(params, "measurementVariance", 1e-2, { above: 0 }),
    }),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ processVariance, measurementVariance }) {
    const state = new KernelState();
    const memory = state.array(2, Number.NaN); // level, its variance
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let level = memory[0]!;
      let variance = memory[1]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        if (!Number.isFinite(value)) {
          output[row] = Number.NaN;
          continue;
        }
        if (Number.isNaN(level)) {
          level = value;
          variance = 1;
        } else {
          const predicted = variance + processVariance;
          const gain = predicted / (predicted + measurementVariance);
          level += gain * (value - level);
          variance = predicted * (1 - gain);
        }
        output[row] = level;
      }
      memory[0] = level;
      memory[1] = variance;
    });
  },
});
