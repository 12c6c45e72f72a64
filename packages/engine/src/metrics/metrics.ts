import type { EpochMs } from "@qmtl/core";

/**
 * Figures of one account over one run. Every one is a finite number or null ("not defined here": no trades, one
 * trade, constant equity), never NaN or Infinity. Fractions, not percent: 0.1 is 10 %.
 *
 * `r` are the n periodic returns `close / previous close - 1` of equity (the first against `startEquity`),
 * `mean` and `deviation` their mean and sample deviation (divided by n - 1), P is `periodsPerYear`. The risk-free
 * rate is 0. Return-based figures are null once equity was 0 or less at the start of a period. A deviation below
 * 1e-12 is rounding noise and counts as 0: a straight line has no Sharpe ratio, not a huge one.
 */
export interface PerformanceMetrics {
  /** Start of the first bar (its close time less the bar interval); null without bars. */
  readonly startMs: EpochMs | null;
  /** Close time of the last bar. */
  readonly endMs: EpochMs | null;
  readonly bars: number;
  /** Periods per year used to annualise: see `periodsPerYear`; 252 or 365 for daily returns. */
  readonly periodsPerYear: number;
  /** "1d": returns between the last closes of UTC days; "bar": returns of every bar. */
  readonly returnsBasis: "1d" | "bar";
  readonly startEquity: number;
  readonly endEquity: number;
  /** `endEquity / startEquity - 1` */
  readonly totalReturn: number;
  /** Last price / first price - 1, of the prices the run was fed with; before costs. */
  readonly buyAndHoldReturn: number | null;
  /** `(endEquity / startEquity) ^ (1 / years) - 1`, a year being 365.25 days of the time between `startMs` and `endMs`. */
  readonly cagr: number | null;
  /** `deviation * sqrt(P)` */
  readonly volatility: number | null;
  /** `mean / deviation * sqrt(P)`; Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994. */
  readonly sharpe: number | null;
  /** `mean / sqrt(sum(min(r, 0)^2) / n) * sqrt(P)`, target 0, all n periods in the divisor; Sortino & Price 1994. */
  readonly sortino: number | null;
  /** `cagr / maxDrawdown`, over the whole run; Young 1991. */
  readonly calmar: number | null;
  /** Largest `(peak - equity) / peak` over every bar, `startEquity` being the first peak; >= 0. */
  readonly maxDrawdown: number;
  /** Longest time from a peak to the close that reached it again, or to the end of the run. */
  readonly maxDrawdownMs: number;
  /** Historical: `max(0, -q)`, q the 5 % quantile of r by linear interpolation (Hyndman & Fan 1996, type 7). */
  readonly valueAtRisk95: number | null;
  /** `max(0, -mean)` of the `floor(0.05 (n - 1)) + 1` smallest r: those at or below q. */
  readonly conditionalValueAtRisk95: number | null;
  /** Closed trades; the trade figures below are over these only. */
  readonly trades: number;
  readonly openTrades: number;
  /** Share of trades with pnl > 0. */
  readonly winRate: number | null;
  /** Sum of gains / sum of losses; null when there is no losing trade. */
  readonly profitFactor: number | null;
  /** Mean, best and worst return of a trade: pnl / entry notional. */
  readonly averageTrade: number | null;
  readonly bestTrade: number | null;
  readonly worstTrade: number | null;
  /** System quality number, `sqrt(trades) * mean(pnl) / sample deviation(pnl)`; Tharp 2008. */
  readonly sqn: number | null;
  /** `winRate - (1 - winRate) / (mean gain / mean loss)`; Kelly 1956. Null unless there are gains and losses. */
  readonly kelly: number | null;
  /** Mean pnl of a trade, account currency. */
  readonly expectancy: number | null;
  /** Share of bars at whose close a position was held. */
  readonly exposure: number;
  /** Traded notional / mean equity of all bars; null when mean equity is not positive. */
  readonly turnover: number | null;
  readonly feesPaid: number;
  /** Probability that the true Sharpe ratio is above 0: see `probabilisticSharpe`. */
  readonly probabilisticSharpe: number | null;
  /** The same against the best of the trials that chance would give: see `deflatedSharpe`. Null without `trials`. */
  readonly deflatedSharpe: number | null;
}
