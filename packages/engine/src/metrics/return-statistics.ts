import { normalCdf, normalQuantile } from "./normal-distribution.ts";

/** Central moments of periodic returns, as the ratios below need them. */
export interface ReturnMoments {
  readonly count: number;
  readonly mean: number;
  /** Sample form, divided by count - 1; 0 when it is rounding noise or there are fewer than two returns. */
  readonly deviation: number;
  /** `sqrt(sum(min(r, 0)^2) / count)` */
  readonly downsideDeviation: number;
  /** Third standardised moment, population form; 0 without deviation. */
  readonly skewness: number;
  /** Fourth standardised moment, population form, 3 for a normal distribution; 3 without deviation. */
  readonly kurtosis: number;
}

// Equity in float64 carries relative errors of a few 1e-16 per bar; no market moves by less than this.
const deviationMin = 1e-12;

/**
 * Returns between consecutive closes.
 *
 * @returns length n - 1, or null when a return would start from an equity that is not positive
 */
export function returnsOfCloses(closes: Float64Array): Float64Array | null {
  const returns = new Float64Array(Math.max(0, closes.length - 1));
  return writeReturns(closes, 1, closes.length, closes[0]!, returns) ? returns : null;
}

/** Returns of the closes `from..to-1`, the first against `before`; false when one would start from nothing. */
function writeReturns(closes: Float64Array, from: number, to: number, before: number, into: Float64Array): boolean {
  let last = before;
  for (let i = from; i < to; i++) {
    const close = closes[i]!;
    if (!(last > 0)) return false;
    into[i - from] = close / last - 1;
    last = close;
  }
  return true;
}

/** Closes as a run has them: what it started with, what its finished periods ended with, and the last close so far. */
export interface RunCloses {
  readonly start: number;
  readonly finished: Float64Array;
  /** NaN: there was no bar. */
  readonly last: number;
  /** Sums over the returns between all of them. */
  readonly returns: ReturnSums;
}

/**
 * Sums over returns `r`, those of returns with even numbers and those of the others each by themselves. Powers are those of
 * `r - shift`, where the shift is the first of them: as it is one of the sample, the mean lies near enough for the moments
 * about it to follow to `count` rounding errors at the worst.
 */
export interface ReturnSums {
  readonly shift: number; // NaN without returns
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly fourth: number;
  readonly downside: number; // of squared losses
  /** False: a return would start from an equity that is not positive. */
  readonly areDefined: boolean;
}

/** A run's closes, one after another. */
export function closesOf({ start, finished, last }: RunCloses): Float64Array {
  const closes = new Float64Array(finished.length + (Number.isNaN(last) ? 1 : 2));
  closes[0] = start;
  closes.set(finished, 1);
  if (!Number.isNaN(last)) closes[finished.length + 1] = last;
  return closes;
}

/** Numbers that `addToReturnSums` adds to: two lanes each of first, second, third and fourth powers, and of squared losses. */
export const returnSumCount = 10;

/**
 * Adds a return to its sums, which begin at `at`; see `ReturnSums`.
 *
 * @param lane - 0 for a return with an even number, 1 for another
 */
export function addToReturnSums(sums: Float64Array, lane: number, value: number, shift: number, at = 0): void {
  const beyond = value - shift;
  const square = beyond * beyond;
  const loss = lossOf(value);
  const place = at + lane;
  sums[place]! += beyond;
  sums[place + 2]! += square;
  sums[place + 4]! += square * beyond;
  sums[place + 6]! += square * square;
  sums[place + 8]! += loss * loss;
}

export function returnMoments(returns: Float64Array): ReturnMoments {
  const shift = returns.length > 0 ? returns[0]! : Number.NaN;
  const sums = new Float64Array(returnSumCount);
  for (let i = 0; i < returns.length; i++) addToReturnSums(sums, i & 1, returns[i]!, shift);
  const [first, second, third, fourth, downside] = [0, 2, 4, 6, 8].map((at) => sums[at]! + sums[at + 1]!);
  const total = { shift, first: first!, second: second!, third: third!, fourth: fourth!, downside: downside! };
  return momentsOfSums(returns.length, total);
}

/** `returnMoments` of `returnsOfCloses` of a run; none when a return would start from an equity that is not positive. */
export function momentsOfRun({ finished, last, returns }: RunCloses): ReturnMoments {
  const count = finished.length + (Number.isNaN(last) ? 0 : 1);
  return momentsOfSums(returns.areDefined ? count : 0, returns);
}

function momentsOfSums(
  count: number,
  { shift, first, second, third, fourth, downside }: Omit<ReturnSums, "areDefined">,
): ReturnMoments {
  if (count === 0) return { count, mean: 0, deviation: 0, downsideDeviation: 0, skewness: 0, kurtosis: 3 };
  const mean = first / count;
  const squares = Math.max(0, second - mean * first);
  const cubes = third - 3 * mean * second + 2 * mean * mean * first;
  const fourths = Math.max(0, fourth - 4 * mean * third + 6 * mean * mean * second - 3 * mean * mean * mean * first);
  const sample = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  const deviation = sample > deviationMin ? sample : 0;
  const variance = squares / count;
  return {
    count,
    mean: shift + mean,
    deviation,
    downsideDeviation: Math.sqrt(downside / count),
    skewness: deviation > 0 ? cubes / count / (variance * Math.sqrt(variance)) : 0,
    kurtosis: deviation > 0 ? fourths / count / (variance * variance) : 3,
  };
}

// min(r, 0), exactly, without a branch: half of all returns are losses, and nobody can tell which.
function lossOf(r: number): number {
  return (r - Math.abs(r)) * 0.5;
}

/**
 * Quantile by linear interpolation between order statistics: `x[h] + (h - floor h) (x[h + 1] - x[h])`, h = (n - 1) p.
 *
 * @param sorted - ascending, at least one; of the lower tail alone when `count` says how many there are in all
 * @see Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50(4), 1996, type 7
 */
export function quantileOfSorted(sorted: Float64Array, p: number, count = sorted.length): number {
  const h = (count - 1) * p;
  const low = Math.floor(h);
  const high = Math.min(low + 1, count - 1);
  return sorted[low]! + (h - low) * (sorted[high]! - sorted[low]!);
}

/**
 * Probability that the true Sharpe ratio exceeds `threshold`, given length and shape of the track record:
 * `Phi((S - threshold) sqrt(n - 1) / sqrt(1 - skewness S + (kurtosis - 1) / 4 S^2))`, S per period, not annualised.
 *
 * @param threshold - per period
 * @returns null without deviation or with fewer than three returns
 * @see Bailey & López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012
 */
export function probabilisticSharpe(moments: ReturnMoments, threshold = 0): number | null {
  const variance = sharpeVariance(moments);
  if (variance === null) return null;
  return normalCdf((moments.mean / moments.deviation - threshold) / Math.sqrt(variance));
}

/** How many variants were tried before this one was picked. */
export interface Trials {
  /** Independent trials, >= 1. */
  readonly count: number;
  /** Variance of the trials' Sharpe ratios, per period; absent: the sampling variance of this record's own ratio. */
  readonly sharpeVariance?: number;
}

/**
 * Probabilistic Sharpe ratio against the best ratio that `count` worthless trials are expected to reach:
 * `sqrt(V) ((1 - g) Phi^-1(1 - 1 / count) + g Phi^-1(1 - 1 / (count e)))`, g the Euler-Mascheroni constant.
 *
 * @see Bailey & López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014
 */
export function deflatedSharpe(moments: ReturnMoments, trials: Trials): number | null {
  const own = sharpeVariance(moments);
  if (own === null || !(trials.count >= 1)) return null;
  if (trials.count === 1) return probabilisticSharpe(moments);
  const gamma = 0.577_215_664_901_532_9;
  const expectedMax =
    (1 - gamma) * normalQuantile(1 - 1 / trials.count) + gamma * normalQuantile(1 - 1 / (trials.count * Math.E));
  return probabilisticSharpe(moments, Math.sqrt(trials.sharpeVariance ?? own) * expectedMax);
}

/** Asymptotic variance of the estimated Sharpe ratio (Mertens 2002): the square of the divisor above, over n - 1. */
function sharpeVariance({ count, mean, deviation, skewness, kurtosis }: ReturnMoments): number | null {
  if (count < 3 || deviation === 0) return null;
  const sharpe = mean / deviation;
  const variance = (1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe) / (count - 1);
  return variance > 0 ? variance : null;
}
