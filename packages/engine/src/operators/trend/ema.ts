import {
  completeParams,
  defineOperator,
  ExponentialMean,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";

/**
 * Exponential moving average over the whole past: `e += alpha · (x - e)`.
 *
 * - `alpha`: `2 / (period + 1)` unless given, in (0, 1].
 * - `seed`: `"sma"` (default, as TA-Lib and most published tables) starts with the mean of the first `period`
 *   rows, first value at row `period - 1`; `"first"` starts with the first row itself, first value at row 0.
 *
 * An absent row has an absent output and leaves the state as it was.
 */
export const ema = defineOperator({
  name: "ema",
  version: 2,
  inputs: ["value"],
  outputs: ["value"],
  resolve(params) {
    const period = readPeriod(params, "period");
    return completeParams("ema", params, {
      period,
      alpha: readNumber(params, "alpha", 2 / (period + 1), { above: 0, max: 1 }),
      seed: readChoice(params, "seed", ["sma", "first"], "sma"),
    });
  },
  warmupRows: ({ period, seed }) => (seed === "sma" ? period - 1 : 0),
  lookbackRows: () => 0,
  createKernel({ period, alpha, seed }) {
    const state = new KernelState();
    const mean = new ExponentialMean(state, alpha, seed === "sma" ? period : 1);
    return state.kernel((inputs, outputs, from, to) => mean.run(inputs[0]!, outputs[0]!, from, to), VECTOR_ROWS);
  },
});
