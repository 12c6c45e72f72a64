/**
 * Where in its range a row closed, -1 at the low to +1 at the high: `((close - low) - (high - close)) / (high - low)`.
 * A row without range counts as 0, as Chaikin's lines define it; an absent price gives NaN.
 */
export function moneyFlowMultiplier(high: number, low: number, close: number): number {
  const range = high - low;
  if (range === 0) return Number.isNaN(close) ? Number.NaN : 0;
  return (close - low - (high - close)) / range;
}
