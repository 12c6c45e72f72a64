import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readPeriod,
  RollingCubes,
} from "../kernel-parts/index.ts";

/**
 * Skewness of the last `period` rows.
 *
 * `estimator`: `"adjusted"` (default, as pandas), `√(n(n-1)) / (n-2) · g`, or `"population"`, `g = m3 / m2^1.5`. First value at
 * row `period - 1`, `period >= 3`. Absent while the window holds an absent row and when it is flat.
 *
 * @see Joanes, Gill, The Statistician 47(1), 1998
 */
export const rollingSkew = defineOperator({
  name: "rolling_skew",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rolling_skew", params, {
      period: readPeriod(params, "period", undefined, 3),
      estimator: readChoice(params, "estimator", ["adjusted", "population"], "adjusted"),
    }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period, estimator }) {
    const state = new KernelState();
    const window = new RollingCubes(state, period);
    const factor = estimator === "adjusted" ? Math.sqrt(period * (period - 1)) / (period - 2) : 1;
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) {
        window.push(input[row]!);
        const variance = window.squares / period;
        const third = window.cubes / period;
        output[row] = (factor * third) / (variance * Math.sqrt(variance));
      }
    });
  },
});
