/** Figures of a bare series of returns, per period and not annualised; names as in the `alpha_performance` node. */
export interface AlphaPerformance {
  readonly sharpe: number;
  readonly max_drawdown: number;
  readonly win_ratio: number;
  readonly profit_factor: number | null;
  readonly car_mdd: number | null;
  readonly rar_mdd: number | null;
}

/**
 * Additive performance of a series of returns, `net = r - transactionCost`, NaN dropped, all 0 when none is left:
 * sharpe = mean(net - riskFreeRate) / population deviation, 0 without deviation; max_drawdown = lowest distance of
 * the running sum below its peak (0 at first), <= 0; win_ratio = share of net > 0; profit_factor = gains / losses;
 * car_mdd = (product(1 + net) - 1) / |max_drawdown|; rar_mdd = sharpe / |max_drawdown|.
 * Null instead of infinity: no loss, no drawdown.
 */
export function alphaPerformance(
  returns: ArrayLike<number>,
  { riskFreeRate = 0, transactionCost = 0 }: { readonly riskFreeRate?: number; readonly transactionCost?: number } = {},
): AlphaPerformance {
  const net = Array.from(returns, (r) => r - transactionCost).filter((r) => !Number.isNaN(r));
  if (net.length === 0) {
    return { sharpe: 0, max_drawdown: 0, win_ratio: 0, profit_factor: 0, car_mdd: 0, rar_mdd: 0 };
  }
  let sum = 0;
  let peak = 0;
  let drawdown = 0;
  let gains = 0;
  let losses = 0;
  let wins = 0;
  let growth = 1;
  for (const r of net) {
    sum += r;
    peak = Math.max(peak, sum);
    drawdown = Math.min(drawdown, sum - peak);
    growth *= 1 + r;
    if (r > 0) {
      gains += r;
      wins += 1;
    } else {
      losses -= r;
    }
  }
  const mean = sum / net.length;
  const deviation = Math.sqrt(net.reduce((squares, r) => squares + (r - mean) ** 2, 0) / net.length);
  const sharpe = deviation > 1e-12 ? (mean - riskFreeRate) / deviation : 0;
  return {
    sharpe,
    max_drawdown: drawdown,
    win_ratio: wins / net.length,
    profit_factor: losses > 0 ? gains / losses : null,
    car_mdd: drawdown < 0 ? (growth - 1) / -drawdown : null,
    rar_mdd: drawdown < 0 ? sharpe / -drawdown : null,
  };
}
