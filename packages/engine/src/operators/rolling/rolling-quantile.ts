import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  SortedWindow,
} from "../kernel-parts/index.ts";

const rules = ["linear", "lower", "higher", "nearest", "midpoint"] as const;

/**
 * Quantile `q` (0 to 1) of the last `period` rows. Between the two order statistics around place `(period - 1) · q`, `rule`
 * takes: `"linear"` (default) the point in proportion, `"lower"`, `"higher"`, `"nearest"` (half to even) or `"midpoint"`.
 *
 * First value at row `period - 1`. Absent while the window holds an absent row.
 *
 * @see Hyndman, Fan, The American Statistician 50(4), 1996: `"linear"` is their type 7, as in numpy and pandas
 */
export const rollingQuantile = defineOperator({
  name: "rolling_quantile",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rolling_quantile", params, {
      period: readPeriod(params, "period"),
      q: readNumber(params, "q", undefined, { min: 0, max: 1 }),
      rule: readChoice(params, "rule", rules, "linear"),
    }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel: ({ period, q, rule }) => quantileKernel(period, q, rule),
});

/** Median of the last `period` rows: the quantile 0.5. First value at row `period - 1`. */
export const rollingMedian = defineOperator({
  name: "rolling_median",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) => completeParams("rolling_median", params, { period: readPeriod(params, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel: ({ period }) => quantileKernel(period, 0.5, "linear"),
});

function quantileKernel(period: number, q: number, rule: (typeof rules)[number]) {
  const state = new KernelState();
  const window = new SortedWindow(state, period);
  const place = (period - 1) * q;
  const lower = Math.floor(place);
  const upper = Math.ceil(place);
  const share = shareOfUpper(place, rule);
  return state.kernel((inputs, outputs, from, to) => {
    const input = inputs[0]!;
    const output = outputs[0]!;
    const { sorted } = window;
    for (let row = from; row < to; row++) {
      window.push(input[row]!);
      const low = sorted[lower]!;
      output[row] = !window.isComplete
        ? Number.NaN
        : share === 1
          ? sorted[upper]!
          : low + share * (sorted[upper]! - low);
    }
  });
}

/** How far the rule goes from the lower order statistic to the upper one, 0 to 1. */
function shareOfUpper(place: number, rule: (typeof rules)[number]): number {
  const lower = Math.floor(place);
  const fraction = place - lower;
  if (fraction === 0) return 0;
  switch (rule) {
    case "linear":
      return fraction;
    case "lower":
      return 0;
    case "higher":
      return 1;
    case "midpoint":
      return 0.5;
    case "nearest":
      return fraction > 0.5 || (fraction === 0.5 && lower % 2 === 1) ? 1 : 0;
  }
}
