/**
 * Figures of one account over one run. Every one is a finite number or null ("not defined here": no trades, one
 * trade, constant equity), never NaN or Infinity. Fractions, not percent: 0.1 is 10 %.
 */
export interface PerformanceMetrics {
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly bars: number;
  /** Periods per year used to annualise: 252 or 365 daily returns, from the calendar. */
  readonly periodsPerYear: number;
  /** "1d": returns of daily closes of equity; "bar": returns of every bar. */
  readonly returnsBasis: "1d" | "bar";
  readonly startEquity: number;
  readonly endEquity: number;
  readonly totalReturn: number;
  readonly buyAndHoldReturn: number | null;
  readonly cagr: number | null;
  readonly volatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly maxDrawdown: number; // >= 0, fraction of the peak
  readonly maxDrawdownMs: number; // longest time below a former peak
  readonly valueAtRisk95: number | null; // >= 0: loss exceeded in 5 % of the periods, historical
  readonly conditionalValueAtRisk95: number | null;
  readonly trades: number; // closed
  readonly openTrades: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null; // null when there is no losing trade
  readonly averageTrade: number | null; // mean trade return
  readonly bestTrade: number | null;
  readonly worstTrade: number | null;
  readonly sqn: number | null; // sqrt(trades) * mean(pnl) / sample deviation(pnl)
  readonly kelly: number | null; // winRate - (1 - winRate) / (averageWin / averageLoss)
  readonly expectancy: number | null; // mean pnl per trade, account currency
  readonly exposure: number; // share of bars with a position
  readonly turnover: number; // traded notional / mean equity
  readonly feesPaid: number;
  readonly deflatedSharpe: number | null; // probability, needs the number of trials
  readonly probabilisticSharpe: number | null;
}
