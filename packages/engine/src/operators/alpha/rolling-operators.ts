import type { OperatorDefinition, OperatorParams } from "../../operator/index.ts";
import {
  completeParams,
  defineOperator,
  KernelState,
  readChoice,
  readFlag,
  readNumber,
  readPeriod,
  type GivenParams,
} from "../kernel-parts/index.ts";
import { performanceInto } from "./alpha-performance.ts";
import { linearityMeter, linearityV2Meter } from "./equity-linearity.ts";
import type { HistoryMeter } from "./linearity-measures.ts";

/**
 * Alpha performance of the last `window` returns: the six figures of `alphaPerformance`. There from the first row on,
 * over the rows there are; absent returns are left out; a figure that is not defined is absent.
 */
export const alphaPerformanceOperator = historyOperator({
  name: "alpha_performance",
  outputs: ["sharpe", "max_drawdown", "win_ratio", "profit_factor", "car_mdd", "rar_mdd"],
  params: (given) => ({
    window: readPeriod(given, "window"),
    riskFreeRate: readNumber(given, "riskFreeRate", 0),
    transactionCost: readNumber(given, "transactionCost", 0),
    drawdown: readChoice(given, "drawdown", ["compounded", "additive"], "compounded"),
  }),
  measure({ riskFreeRate, transactionCost, drawdown }) {
    const compounded = drawdown === "compounded";
    return (result, history, count) =>
      performanceInto(result, history, count, transactionCost, riskFreeRate, compounded);
  },
});

/** `equityLinearityMetrics` of the last `window` points of a profit line. There from the second point on. */
export const equityLinearityOperator = historyOperator({
  name: "equity_linearity",
  outputs: ["r2_up", "straightness_ratio", "monotonicity", "new_high_frac", "net_gain", "score"],
  params: (given) => ({
    window: readPeriod(given, "window", undefined, 2),
    eps: readNumber(given, "eps", 1e-12, { min: 0 }),
  }),
  pointsMin: 2,
  measure: ({ eps }) => linearityMeter(eps),
});

/** `equityLinearityMetricsV2`, scales 1, 5 and 20, of the last `window` points. There from the third point on. */
export const equityLinearityV2Operator = historyOperator({
  name: "equity_linearity_v2",
  outputs: [
    "r2_up",
    "spearman_rho",
    "t_slope",
    "t_slope_sig",
    "tvr",
    "tuw",
    "nh_frac",
    "mdd_norm",
    "net_gain",
    "score",
  ],
  params: (given) => ({
    window: readPeriod(given, "window", undefined, 3),
    orientation: readChoice(given, "orientation", ["up", "down"], "up"),
    eps: readNumber(given, "eps", 1e-10, { above: 0 }),
    useLog: readFlag(given, "useLog", false),
  }),
  pointsMin: 3,
  measure: ({ window, orientation, eps, useLog }) => linearityV2Meter(window, { orientation, eps, useLog: useLog }),
});

interface HistoryOperator<Params extends OperatorParams & { readonly window: number }, Out extends string> {
  readonly name: string;
  readonly outputs: readonly Out[];
  readonly params: (given: GivenParams) => Params;
  /** Values needed before there is a figure; 1 unless told. */
  readonly pointsMin?: number;
  /** Writes one number per output. */
  readonly measure: (params: Params) => HistoryMeter;
}

/** Figures of the values present among the last `window` rows; does not wait for the window to fill. */
function historyOperator<Params extends OperatorParams & { readonly window: number }, const Out extends string>(
  operator: HistoryOperator<Params, Out>,
): OperatorDefinition<Params, "value", Out> {
  const { name, outputs, params, pointsMin = 1, measure } = operator;
  return defineOperator({
    name,
    version: 1,
    inputs: ["value"],
    outputs,
    resolve: (given) => completeParams(name, given, params(given)),
    warmupRows: () => pointsMin - 1,
    lookbackRows: ({ window }) => window - 1,
    createKernel(resolved) {
      const { window } = resolved;
      const fill = measure(resolved);
      const history = new Float64Array(window);
      const figures = new Float64Array(outputs.length);
      const state = new KernelState();
      const seen = state.counters(1); // stops at the window
      return state.kernel(([values], results, from, to) => {
        for (let i = from; i < to; i++) {
          if (seen[0]! < window) seen[0] = seen[0]! + 1;
          let count = 0;
          for (let j = i - seen[0]! + 1; j <= i; j++) {
            if (!Number.isNaN(values![j]!)) history[count++] = values![j]!;
          }
          if (count < pointsMin) figures.fill(Number.NaN);
          else fill(figures, history, count);
          for (let k = 0; k < figures.length; k++) results[k]![i] = figures[k]!;
        }
      });
    },
  });
}
