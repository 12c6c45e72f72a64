import { QmtlError } from "@qmtl/core";
import {
  completeParams,
  defineOperator,
  exponentialMean,
  KernelState,
  readChoice,
  readPeriod,
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
      let heldRows = held[0]!;
      for (let row = from; row < to; row++) {
        const value = input[row]!;
        let fastMean = Number.NaN;
        if (heldRows === 0) fastMean = fast.push(value);
        else if (Number.isFinite(value)) heldRows--;
        const line = fastMean - slow.push(value);
        const smooth = signal.push(line);
        lines[row] = line;
        signals[row] = smooth;
        histograms[row] = line - smooth;
      }
      held[0] = heldRows;
    });
  },
});
