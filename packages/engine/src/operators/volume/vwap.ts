import { completeParams, defineOperator, finite, KernelState, readPeriod, RollingSum } from "../kernel-parts/index.ts";

/**
 * Volume-weighted average price of the last `period` rows: `Σ price·volume / Σ volume`. First value at row
 * `period - 1`. Absent while the window holds an absent row or traded nothing.
 */
export const vwap = weightedByVolume("vwap", ["price", "volume"]);

/** Volume-weighted moving average of any column: the arithmetic of `vwap`. */
export const vwma = weightedByVolume("vwma", ["value", "volume"]);

function weightedByVolume<const In extends string>(name: string, inputs: readonly [In, In]) {
  return defineOperator({
    name,
    version: 1,
    inputs,
    outputs: ["value"],
    resolve: (params) => completeParams(name, params, { period: readPeriod(params, "period") }),
    warmupRows: ({ period }) => period - 1,
    lookbackRows: () => 0,
    createKernel({ period }) {
      const state = new KernelState();
      const turnover = new RollingSum(state, period);
      const traded = new RollingSum(state, period);
      return state.kernel((columns, outputs, from, to) => {
        const [values, volumes] = [columns[0]!, columns[1]!];
        const output = outputs[0]!;
        for (let row = from; row < to; row++) {
          const volume = volumes[row]!;
          const sum = turnover.push(values[row]! * volume);
          const weight = traded.push(volume);
          output[row] = finite(sum / weight);
        }
      });
    },
  });
}
