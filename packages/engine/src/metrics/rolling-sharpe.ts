import { returnMoments } from "./return-statistics.ts";

/**
 * Annualised Sharpe ratio over a moving window of returns, each window computed on its own.
 *
 * @param returns - length n, oldest first
 * @param windowPeriods - returns per window, >= 2
 * @param periodsPerYear - to annualise with
 * @returns length n; NaN for the first `windowPeriods - 1` and where a window has no deviation
 */
export function rollingSharpe(returns: Float64Array, windowPeriods: number, periodsPerYear: number): Float64Array {
  const root = Math.sqrt(periodsPerYear);
  const ratios = new Float64Array(returns.length).fill(Number.NaN);
  for (let end = windowPeriods; end <= returns.length; end++) {
    const { mean, deviation } = returnMoments(returns.subarray(end - windowPeriods, end));
    if (deviation > 0) ratios[end - 1] = (mean / deviation) * root;
  }
  return ratios;
}
