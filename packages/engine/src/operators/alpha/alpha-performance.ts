/** One fill, as far as its cost goes. Prices in quote currency, quantity in base units. */
export interface ExecutionFill {
  /** Absolute or signed; only its size counts. */
  readonly quantity: number;
  readonly price: number;
  /** Paid commission, quote currency. */
  readonly commission?: number;
  /** Price slippage per unit, quote currency; its size counts. */
  readonly slippage?: number;
  /** Price impact per unit, quote currency. */
  readonly marketImpact?: number;
}

export interface AlphaPerformanceOptions {
  /** Per period, a fraction. */
  readonly riskFreeRate?: number;
  /** Taken off every return, a fraction. */
  readonly transactionCost?: number;
  /**
   * How the drawdown is taken. "compounded": of the growth of 1, a fraction of its peak. "additive": of the running
   * sum of returns, below its peak or 0 (returns on constant notional).
   */
  readonly drawdown?: "compounded" | "additive";
  readonly executionFills?: readonly ExecutionFill[];
  /** Takes the cost of the fills off the returns instead of `transactionCost`. */
  readonly useRealisticCosts?: boolean;
}

/** Every figure is finite or null ("not defined here"), never NaN or infinite. */
export interface AlphaPerformance {
  /** Mean over population deviation of the net excess returns, not annualised; 0 without deviation. */
  readonly sharpe: number;
  /** <= 0; a fraction of the peak when compounded, a sum of returns when additive. */
  readonly maxDrawdown: number;
  /** Share of net returns above 0. */
  readonly winRatio: number;
  /** Gains over losses; null when nothing was lost. */
  readonly profitFactor: number | null;
  /** Compounded return over the drawdown; null without drawdown. */
  readonly carMdd: number | null;
  /** Sharpe over the drawdown; null without drawdown. */
  readonly rarMdd: number | null;
  /** Only with fills. */
  readonly execution?: ExecutionSummary;
}

/** Totals in quote currency; `Bps` are of traded notional. Null where nothing was traded. */
export interface ExecutionSummary {
  readonly totalTrades: number;
  readonly totalVolume: number;
  readonly totalNotional: number;
  readonly totalCommission: number;
  readonly totalSlippage: number;
  readonly totalMarketImpact: number;
  readonly totalExecutionCost: number;
  readonly avgCommissionBps: number | null;
  readonly avgSlippageBps: number | null;
  readonly avgMarketImpactBps: number | null;
  readonly avgExecutionShortfallBps: number | null;
}

/**
 * Performance of a series of returns per period. Absent returns (NaN) are dropped; without any left, every ratio is 0.
 *
 * With `useRealisticCosts` the fills' cost is spread over the periods: each return is charged
 * `total cost / total notional * fills / periods`, the mean cost of a fill as a fraction of what it traded, times the
 * fills per period. That is a return as long as a fill trades the notional that the returns are measured on.
 */
export function alphaPerformance(returns: ArrayLike<number>, options: AlphaPerformanceOptions = {}): AlphaPerformance {
  const { riskFreeRate = 0, transactionCost = 0, drawdown = "compounded", executionFills } = options;
  const execution = executionFills && summariseExecution(executionFills);
  const present = Array.from(returns).filter((value) => !Number.isNaN(value));
  const cost =
    options.useRealisticCosts && execution && present.length > 0
      ? (((execution.avgExecutionShortfallBps ?? 0) / 10_000) * execution.totalTrades) / present.length
      : transactionCost;
  const scratch = new Float64Array(6);
  performanceInto(scratch, Float64Array.from(present), present.length, cost, riskFreeRate, drawdown === "compounded");
  const [undefinedOrSharpe, maxDrawdown, winRatio, profitFactor, carMdd] = scratch;
  const sharpe = finiteOrNull(undefinedOrSharpe!) ?? 0;
  return {
    sharpe,
    maxDrawdown: maxDrawdown!,
    winRatio: winRatio!,
    profitFactor: finiteOrNull(profitFactor!),
    carMdd: finiteOrNull(carMdd!),
    rarMdd: present.length === 0 ? 0 : finiteOrNull(sharpe / Math.abs(maxDrawdown!)),
    ...(execution && { execution }),
  };
}

/** Costs of fills, in total and in basis points of the notional they traded. */
export function summariseExecution(fills: readonly ExecutionFill[]): ExecutionSummary {
  let [volume, notional, commission, slippage, impact] = [0, 0, 0, 0, 0];
  for (const fill of fills) {
    const quantity = Math.abs(fill.quantity);
    volume += quantity;
    notional += quantity * fill.price;
    commission += fill.commission ?? 0;
    slippage += Math.abs((fill.slippage ?? 0) * quantity);
    impact += (fill.marketImpact ?? 0) * quantity;
  }
  const bps = (cost: number): number | null => finiteOrNull((cost / notional) * 10_000);
  const total = commission + slippage + impact;
  return {
    totalTrades: fills.length,
    totalVolume: volume,
    totalNotional: notional,
    totalCommission: commission,
    totalSlippage: slippage,
    totalMarketImpact: impact,
    totalExecutionCost: total,
    avgCommissionBps: bps(commission),
    avgSlippageBps: bps(slippage),
    avgMarketImpactBps: bps(impact),
    avgExecutionShortfallBps: bps(total),
  };
}

/**
 * Writes sharpe, max drawdown, win ratio, profit factor, car/mdd and rar/mdd of `returns[0..count-1]` into `result`;
 * NaN where a ratio is not defined. Allocates nothing: the rolling operator calls it per row.
 */
export function performanceInto(
  result: Float64Array,
  returns: Float64Array,
  count: number,
  cost: number,
  riskFreeRate: number,
  compounded: boolean,
): void {
  result.fill(0);
  if (count === 0) return;
  const offset = returns[0]! - cost - riskFreeRate; // measured from here: constant returns deviate by exactly 0
  let [sum, wins, gains, losses] = [0, 0, 0, 0];
  let [growth, growthPeak, running, runningPeak, drawdown] = [1, 1, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const net = returns[i]! - cost;
    sum += net - riskFreeRate - offset;
    if (net > 0) {
      wins += 1;
      gains += net;
    } else {
      losses -= net;
    }
    growth *= 1 + net;
    running += net;
    growthPeak = Math.max(growthPeak, growth);
    runningPeak = Math.max(runningPeak, running);
    drawdown = Math.min(drawdown, compounded ? growth / growthPeak - 1 : running - runningPeak);
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (returns[i]! - cost - riskFreeRate - offset - mean) ** 2;
  const deviation = Math.sqrt(squares / count);
  const sharpe = deviation === 0 ? Number.NaN : (offset + mean) / deviation;
  result[0] = sharpe;
  result[1] = drawdown;
  result[2] = wins / count;
  result[3] = losses === 0 ? Number.NaN : gains / losses;
  result[4] = drawdown === 0 ? Number.NaN : (growth - 1) / Math.abs(drawdown);
  result[5] = drawdown === 0 ? Number.NaN : sharpe / Math.abs(drawdown);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
