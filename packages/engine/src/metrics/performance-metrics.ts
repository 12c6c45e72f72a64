import { TradeAdder, type Trade, type TradeOutcomes } from "../broker/index.ts";
import {
  createEquityTracker,
  type EquityColumns,
  type EquityReading,
  type EquityTracker,
  type EquityTrackerOptions,
} from "./equity-tracker.ts";
import { lowest } from "./lowest.ts";
import type { PerformanceMetrics } from "./metrics.ts";
import { periodsPerYear } from "./periods-per-year.ts";
import {
  deflatedSharpe,
  probabilisticSharpe,
  quantileOfSorted,
  momentsOfRun,
  returnsOfCloses,
  type Trials,
} from "./return-statistics.ts";

export interface PerformanceOptions {
  /** Sum of fees, account currency. Default: the sum over `trades`. */
  readonly feesPaid?: number;
  /** Sum of price * quantity * multiplier over all fills, account currency. Default 0. */
  readonly tradedNotional?: number;
  /** Needed for the deflated Sharpe ratio. */
  readonly trials?: Trials;
}

/**
 * Every figure of `PerformanceMetrics`, with its definition there.
 *
 * @throws QmtlError `ACCOUNTING_BROKEN` when an equity was not finite
 */
export function performanceMetrics(
  tracker: EquityTracker,
  trades: readonly Trade[] | TradeOutcomes,
  options: PerformanceOptions = {},
): PerformanceMetrics {
  const outcomes = Array.isArray(trades) ? outcomesOf(trades as readonly Trade[]) : (trades as TradeOutcomes);
  const reading = tracker.read();
  const perYear = periodsPerYear(tracker.calendar, tracker.basis, tracker.intervalMs);
  const ratios = returnFigures(reading, perYear, options.trials);
  const cagr = compoundGrowth(reading, tracker.startEquity);
  const { maxDrawdown, meanEquity } = reading;
  return {
    startMs: reading.startMs,
    endMs: reading.endMs,
    bars: reading.bars,
    periodsPerYear: perYear,
    returnsBasis: tracker.basis,
    startEquity: tracker.startEquity,
    endEquity: reading.endEquity,
    totalReturn: reading.endEquity / tracker.startEquity - 1,
    buyAndHoldReturn: defined(reading.lastPrice / reading.firstPrice - 1),
    cagr,
    volatility: ratios.volatility,
    sharpe: ratios.sharpe,
    sortino: ratios.sortino,
    calmar: cagr === null ? null : defined(cagr / maxDrawdown),
    maxDrawdown,
    maxDrawdownMs: reading.maxDrawdownMs,
    // Found when they are read: ordering the worst of a million returns takes longer than all other figures.
    get valueAtRisk95() {
      return ratios.valueAtRisk95();
    },
    get conditionalValueAtRisk95() {
      return ratios.conditionalValueAtRisk95();
    },
    ...tradeFigures(outcomes),
    exposure: reading.bars > 0 ? reading.exposedBars / reading.bars : 0,
    turnover: meanEquity > 0 ? defined((options.tradedNotional ?? 0) / meanEquity) : null,
    feesPaid: options.feesPaid ?? outcomes.fees(),
    probabilisticSharpe: ratios.probabilisticSharpe,
    deflatedSharpe: ratios.deflatedSharpe,
  };
}

/** `performanceMetrics` of whole columns: the same accumulator, hence the same bits. */
export function metricsOfEquity(
  columns: EquityColumns,
  trades: readonly Trade[],
  options: EquityTrackerOptions & PerformanceOptions,
): PerformanceMetrics {
  const tracker = createEquityTracker(options);
  tracker.addRows(columns, 0, columns.times.length);
  return performanceMetrics(tracker, trades, options);
}

const yearMs = 365.25 * 86_400_000;

function compoundGrowth({ startMs, endMs, endEquity }: EquityReading, startEquity: number): number | null {
  if (startMs === null || endMs === null || endEquity < 0) return null;
  return defined((endEquity / startEquity) ** (yearMs / (endMs - startMs)) - 1);
}

function returnFigures(reading: EquityReading, perYear: number, trials: Trials | undefined) {
  const moments = momentsOfRun(reading.periods);
  const { count, mean, deviation, downsideDeviation } = moments;
  const root = Math.sqrt(perYear);
  const spread = count >= 2 && deviation > 0;
  let found: Float64Array | undefined;
  const worst = () => (found ??= lowest(returnsOfCloses(reading.closes)!, Math.floor(tail * (count - 1)) + 2));
  return {
    volatility: count >= 2 ? defined(deviation * root) : null,
    sharpe: spread ? defined((mean / deviation) * root) : null,
    sortino: spread && downsideDeviation > 0 ? defined((mean / downsideDeviation) * root) : null,
    valueAtRisk95: () => (count >= 2 ? defined(Math.max(0, -quantileOfSorted(worst(), tail, count))) : null),
    conditionalValueAtRisk95: () => (count >= 2 ? defined(Math.max(0, -meanOfWorst(worst(), count))) : null),
    probabilisticSharpe: probabilisticSharpe(moments),
    deflatedSharpe: trials ? deflatedSharpe(moments, trials) : null,
  };
}

const tail = 0.05; // what value at risk at 95 % looks at

function meanOfWorst(worst: Float64Array, count: number): number {
  const taken = Math.floor(tail * (count - 1)) + 1;
  let sum = 0;
  for (let i = 0; i < taken; i++) sum += worst[i]!;
  return sum / taken;
}

function outcomesOf(trades: readonly Trade[]): TradeOutcomes {
  const closed = new TradeAdder();
  for (const trade of trades) if (!trade.open) closed.add(trade.pnl, trade.returnFraction);
  return {
    trades: trades.length,
    closed,
    fees: () => trades.reduce((sum, trade) => sum + trade.fees, 0),
  };
}

function tradeFigures({ trades, closed }: TradeOutcomes) {
  const { count, wins, losses, gained, lost, beyondSum, squareSum } = closed;
  const mean = (gained - lost) / count;
  const squares = Math.max(0, squareSum - (beyondSum / count) * beyondSum);
  const deviation = Math.sqrt(squares / (count - 1));
  const winRate = wins / count;
  return {
    trades: count,
    openTrades: trades - count,
    winRate: defined(winRate),
    profitFactor: losses > 0 ? defined(gained / lost) : null,
    averageTrade: defined(closed.returnSum / count),
    bestTrade: defined(closed.bestReturn),
    worstTrade: defined(closed.worstReturn),
    // Equal pnl of every trade leaves only rounding in the deviation: no spread, no quality number.
    sqn: deviation > 1e-12 * Math.abs(mean) ? defined((Math.sqrt(count) * mean) / deviation) : null,
    kelly: wins > 0 && losses > 0 ? defined(winRate - (1 - winRate) / (gained / wins / (lost / losses))) : null,
    expectancy: defined(mean),
  };
}

function defined(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
