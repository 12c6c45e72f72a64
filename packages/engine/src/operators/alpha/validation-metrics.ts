import { alphaPerformance, type AlphaPerformanceOptions } from "./alpha-performance.ts";
import { equityLinearityMetricsV2 } from "./equity-linearity.ts";

/**
 * The figures a strategy is judged by, under the names the wire and world policies use. From returns per period:
 * performance (`alpha_performance.` prefix and the plain names), totals, and the linearity of the running sum.
 * `num_trades` counts returns, not trades: all that is known here. `max_drawdown` is positive, as policies read it.
 *
 * @returns finite numbers, or null where a figure is not defined
 */
export function validationMetrics(
  returns: ArrayLike<number>,
  options: AlphaPerformanceOptions = {},
): Readonly<Record<string, number | null>> {
  const present = Array.from(returns).filter((value) => !Number.isNaN(value));
  const performance = alphaPerformance(present, options);
  let total = 0;
  const runningSum = present.map((value) => (total += value));
  const linearity = equityLinearityMetricsV2(runningSum);
  return {
    "alpha_performance.sharpe": performance.sharpe,
    "alpha_performance.max_drawdown": performance.maxDrawdown,
    "alpha_performance.win_ratio": performance.winRatio,
    "alpha_performance.profit_factor": performance.profitFactor,
    "alpha_performance.car_mdd": performance.carMdd,
    "alpha_performance.rar_mdd": performance.rarMdd,
    sharpe: performance.sharpe,
    max_drawdown: Math.abs(performance.maxDrawdown),
    win_ratio: performance.winRatio,
    win_rate: performance.winRatio,
    profit_factor: performance.profitFactor,
    car_mdd: performance.carMdd,
    rar_mdd: performance.rarMdd,
    total_return: total,
    num_trades: present.length,
    avg_trade_return: present.length === 0 ? null : total / present.length,
    el_v2_score: linearity.score,
    el_v2_spearman_rho: linearity.spearmanRho,
    el_v2_t_slope: linearity.tSlope,
    el_v2_t_slope_sig: linearity.tSlopeSig,
  };
}
