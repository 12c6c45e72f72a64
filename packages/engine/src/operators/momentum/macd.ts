import { QmtlError } from "@qmtl/core";
import {
  completeParams,
  defineOperator,
  exponentialMean,
  KernelState,
  readChoice,
  readPeriod,
  scratch,
} from "../kernel-parts/index.ts";

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
  version: 1,
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
    const fast = exponentialMean(state, fastPeriod);
    const slow = exponentialMean(state, slowPeriod);
    const signal = exponentialMean(state, signalPeriod);
    const held = state.counters(1, seed === "aligned" ? slowPeriod - fastPeriod : 0);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const [lines, signals, histograms] = [outputs[0]!, outputs[1]!, outputs[2]!];
      const { a: fasts, b: slows, c: smooths } = scratch;
      let row = from;
      for (; row < to && held[0]! > 0; row++) {
        if (Number.isFinite(input[row]!)) held[0]!--;
        fasts[row - from] = Number.NaN;
      }
      fast.run(input, fasts, row, to, row - from);
      slow.run(input, slows, from, to, 0);
      for (let index = 0; index < to - from; index++) fasts[index]! -= slows[index]!;
      signal.run(fasts, smooths, 0, to - from);
      for (row = from; row < to; row++) {
        const line = fasts[row - from]!;
        const smooth = smooths[row - from]!;
        lines[row] = line;
        signals[row] = smooth;
        histograms[row] = line - smooth;
      }
    });
  },
});
