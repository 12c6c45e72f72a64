import { QmtlError } from "@qmtl/core";
import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readPeriod,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";
import { MacdLines } from "./macd-lines.ts";

/**
 * Moving average convergence divergence: `macd = EMA(fastPeriod) - EMA(slowPeriod)`, `signal` its EMA over
 * `signalPeriod` rows, `histogram = macd - signal`.
 *
 * `seed`: `"each"` (default, as the published tables) starts each EMA with the mean of its own first rows;
 * `"aligned"` (as TA-Lib) leaves out rows before the fast one so that both start at row `slowPeriod - 1`.
 *
 * First `macd` at row `slowPeriod - 1`, first `signal` and `histogram` `signalPeriod - 1` rows later. An absent row has
 * absent outputs and leaves the state as it was.
 *
 * @see Appel, The Moving Average Convergence-Divergence Trading Method, 1979
 */
export const macd = defineOperator({
  name: "macd",
  version: 2,
  inputs: ["value"],
  outputs: ["macd", "signal", "histogram"],
  resolve(params) {
    const complete = completeParams("macd", params, {
      fastPeriod: readPeriod(params, "fastPeriod", 12),
      slowPeriod: readPeriod(params, "slowPeriod", 26),
      signalPeriod: readPeriod(params, "signalPeriod", 9),
      seed: readChoice(params, "seed", ["each", "aligned"], "each"),
    });
    if (complete.fastPeriod < complete.slowPeriod) return complete;
    throw new QmtlError(
      "PERIOD_INVALID",
      `fastPeriod must be smaller than slowPeriod; found ${complete.fastPeriod} and ${complete.slowPeriod}`,
      { details: { fastPeriod: complete.fastPeriod, slowPeriod: complete.slowPeriod } },
    );
  },
  warmupRows: ({ slowPeriod }) => slowPeriod - 1,
  lookbackRows: () => 0,
  createKernel({ fastPeriod, slowPeriod, signalPeriod, seed }) {
    const state = new KernelState();
    const lines = new MacdLines(state, fastPeriod, slowPeriod, signalPeriod, seed === "aligned");
    return state.kernel((inputs, outputs, from, to) => lines.run(inputs[0]!, outputs, from, to), VECTOR_ROWS);
  },
});
