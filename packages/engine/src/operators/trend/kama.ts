import { completeParams, defineOperator, KernelState, readPeriod, RollingSum } from "../kernel-parts/index.ts";

/**
 * Kaufman's adaptive moving average: `k += c·(x - k)` with `c = (er·(f - s) + s)²`, `f` and `s` the EMA factors of the
 * fast and slow period, and the efficiency ratio `er = |x - x[period]| / Σ|Δx|` over `period` steps (1 on a flat
 * window, where both are 0).
 *
 * Starts from the row `period - 1` itself, which is the first value. An absent row has an absent output and
 * leaves the mean as it was; the ratio is absent, and so is the output, until `period` clean steps lie behind.
 *
 * @see Kaufman, Smarter Trading, 1995
 */
export const kama = defineOperator({
  name: "kama",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("kama", params, {
      period: readPeriod(params, "period", 10),
      fastPeriod: readPeriod(params, "fastPeriod", 2),
      slowPeriod: readPeriod(params, "slowPeriod", 30),
    }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: ({ period }) => period,
  createKernel({ period, fastPeriod, slowPeriod }) {
    const state = new KernelState();
    const path = new RollingSum(state, period);
    const mean = state.array(1, Number.NaN);
    const rows = state.counters(1);
    const fast = 2 / (fastPeriod + 1);
    const slow = 2 / (slowPeriod + 1);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      let count = rows[0]!;
      for (let row = from; row < to; row++, count = Math.min(count + 1, period)) {
        const value = input[row]!;
        const travelled = count === 0 ? Number.NaN : path.push(Math.abs(value - input[row - 1]!));
        output[row] = Number.NaN;
        if (Number.isNaN(mean[0]!)) {
          if (count >= period - 1 && Number.isFinite(value)) output[row] = mean[0] = value;
          continue;
        }
        const ratio = travelled === 0 ? 1 : Math.abs(value - input[row - period]!) / travelled;
        const factor = (ratio * (fast - slow) + slow) ** 2;
        const next = mean[0]! + factor * (value - mean[0]!);
        if (Number.isFinite(next)) output[row] = mean[0] = next;
      }
      rows[0] = count;
    });
  },
});
