import { completeParams, defineOperator, KernelState, readChoice } from "../kernel-parts/index.ts";

/**
 * On-balance volume over the whole past: volume is added on rows that close higher, subtracted on rows that close
 * lower than the row before.
 *
 * `start`: `"zero"` (default, as the published table) or `"volume"` (as TA-Lib), the value of the first row. First value
 * at row 0. An absent row has an absent output and is passed over.
 *
 * @see Granville, New Key to Stock Market Profits, 1963
 */
export const obv = defineOperator({
  name: "obv",
  version: 1,
  inputs: ["close", "volume"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("obv", params, { start: readChoice(params, "start", ["zero", "volume"], "zero") }),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ start }) {
    const state = new KernelState();
    const memory = state.array(2, Number.NaN); // close before, sum
    return state.kernel((inputs, outputs, from, to) => {
      const [closes, volumes] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      let before = memory[0]!;
      let sum = memory[1]!;
      for (let row = from; row < to; row++) {
        const close = closes[row]!;
        const volume = volumes[row]!;
        if (!Number.isFinite(close + volume)) {
          output[row] = Number.NaN;
          continue;
        }
        if (close > before) sum += volume;
        else if (close < before) sum -= volume;
        else if (Number.isNaN(before)) sum = start === "zero" ? 0 : volume;
        before = close;
        output[row] = sum;
      }
      memory[0] = before;
      memory[1] = sum;
    });
  },
});
