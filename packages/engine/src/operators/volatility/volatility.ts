import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readNumber,
  readPeriod,
  RollingMoments,
  scratch,
  type GivenParams,
} from "../kernel-parts/index.ts";

/**
 * Realised volatility: standard deviation of the last `period` returns, times `√periodsPerYear`.
 *
 * - `returns`: `"simple"` (default), `x / x[1] - 1`, or `"log"`.
 * - `deviation`: `"sample"` (default, divided by `period - 1`) or `"population"`.
 * - `periodsPerYear`: 1 (default) leaves it per row; 252 or 365 annualises daily rows.
 *
 * First value at row `period`. Absent while the window holds an absent return (an absent row, a price that is not
 * positive with `"log"`, a zero before with `"simple"`).
 */
export const volatility = defineOperator({
  name: "volatility",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("volatility", params, {
      period: readPeriod(params, "period", 20, 2),
      returns: readChoice(params, "returns", ["simple", "log"], "simple"),
      deviation: readChoice(params, "deviation", ["sample", "population"], "sample"),
      periodsPerYear: readNumber(params, "periodsPerYear", 1, { above: 0 }),
    }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel: ({ period, returns, deviation, periodsPerYear }) =>
    returnDeviationKernel(period, returns === "log", deviation === "sample" ? period - 1 : period, periodsPerYear),
});

/**
 * Population standard deviation of the last `period` log returns. It bears the name under which strategies know
 * it; it estimates no parameter of the rough Bergomi model. First value at row `period`. Absent while the window
 * holds an absent row or a price that is not positive.
 */
export const roughBergomi = defineOperator({
  name: "rough_bergomi",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params: GivenParams) =>
    completeParams("rough_bergomi", params, { period: readPeriod(params, "period", undefined, 2) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel: ({ period }) => returnDeviationKernel(period, true, period, 1),
});

function returnDeviationKernel(period: number, isLog: boolean, divisor: number, periodsPerYear: number) {
  const state = new KernelState();
  const moments = new RollingMoments(state, period);
  const previous = state.array(1, Number.NaN);
  const scale = Math.sqrt(periodsPerYear);
  return state.kernel((inputs, outputs, from, to) => {
    const input = inputs[0]!;
    const output = outputs[0]!;
    const { a: returns, b: means, c: squares } = scratch;
    for (let row = from; row < to; row++) {
      const value = input[row]!;
      const ratio = value / previous[0]!;
      previous[0] = value;
      returns[row - from] = isLog ? (value > 0 ? Math.log(ratio) : Number.NaN) : ratio - 1;
    }
    moments.run(returns, means, squares, 0, to - from);
    for (let row = from; row < to; row++) output[row] = scale * Math.sqrt(squares[row - from]! / divisor);
  });
}
