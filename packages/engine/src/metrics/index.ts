export { drawdownPeriods, drawdownSeries, type DrawdownPeriod } from "./drawdown.ts";
export {
  createEquityTracker,
  type EquityColumns,
  type EquityReading,
  type EquityTracker,
  type EquityTrackerOptions,
} from "./equity-tracker.ts";
export type { PerformanceMetrics } from "./metrics.ts";
export { metricsOfEquity, performanceMetrics, type PerformanceOptions } from "./performance-metrics.ts";
export { dailyCloses, monthlyReturns, type MonthlyReturn, type PeriodClose } from "./period-returns.ts";
export { periodsPerYear, type ReturnsBasis, type TradingCalendar } from "./periods-per-year.ts";
export {
  deflatedSharpe,
  probabilisticSharpe,
  returnMoments,
  returnsOfCloses,
  type ReturnMoments,
  type Trials,
} from "./return-statistics.ts";
export { rollingSharpe } from "./rolling-sharpe.ts";
