/*
 * Measures of the first n points of a line, as the linearity metrics combine them. They allocate nothing, since the
 * rolling operators take them at every row.
 */

/** Writes figures of the first `count` values of a history, oldest first; may overwrite the history. */
export type HistoryMeter = (result: Float64Array, history: Float64Array, count: number) => void;

export interface LineFit {
  /** Per point; exactly 0 for a flat line. */
  slope: number;
  r2: number;
  /** Of the slope; exactly 0 when the line goes through every point, to rounding. */
  standardError: number;
}

/** Least-squares line on the point number; writes into `fit`. */
export function fitLine(fit: LineFit, line: Float64Array, n: number): void {
  const center = (n - 1) / 2;
  const timeSquares = (n * (n * n - 1)) / 12;
  const first = line[0]!; // measured from here, so that a large offset costs no digits
  let [sum, covariance, largest] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sum += line[i]! - first;
    covariance += (i - center) * (line[i]! - first);
    largest = Math.max(largest, Math.abs(line[i]!));
  }
  const mean = sum / n;
  const slope = covariance / timeSquares;
  let [total, residual] = [0, 0];
  for (let i = 0; i < n; i++) {
    const deviation = line[i]! - first - mean;
    total += deviation ** 2;
    residual += (deviation - slope * (i - center)) ** 2;
  }
  // A residual of the size of rounding is none: each point carries some ulps of the largest value.
  if (residual <= n * (4 * Number.EPSILON * largest) ** 2) residual = 0;
  fit.slope = total === 0 ? 0 : slope;
  fit.r2 = total === 0 ? 0 : 1 - residual / total;
  fit.standardError = n > 2 ? Math.sqrt(residual / (n - 2) / timeSquares) : 0;
}

/** Share of points above the peak before by more than eps; the first point counts. */
export function newHighShare(line: Float64Array, n: number, eps: number): number {
  let [peak, highs] = [-Infinity, 0];
  for (let i = 0; i < n; i++) {
    if (line[i]! > peak + eps) highs += 1;
    peak = Math.max(peak, line[i]!);
  }
  return highs / n;
}

/** Share of steps up by more than eps. */
export function risingShare(line: Float64Array, n: number, eps: number): number {
  let rising = 0;
  for (let i = 1; i < n; i++) if (line[i]! - line[i - 1]! > eps) rising += 1;
  return rising / (n - 1);
}

/** Straight way over the way of the line, in a square that the line crosses from corner to corner; 0 without net change. */
export function straightness(line: Float64Array, n: number): number {
  const net = Math.abs(line[n - 1]! - line[0]!);
  if (net === 0) return 0;
  let path = 0;
  for (let i = 1; i < n; i++) path += Math.hypot(1 / (n - 1), (line[i]! - line[i - 1]!) / net);
  return Math.SQRT2 / path;
}

/** Largest fall below the running peak. */
export function largestDrop(line: Float64Array, n: number): number {
  let [peak, drop] = [-Infinity, 0];
  for (let i = 0; i < n; i++) {
    peak = Math.max(peak, line[i]!);
    drop = Math.max(drop, peak - line[i]!);
  }
  return drop;
}

/**
 * Net change over total variation, taken on every k-th point and the last: geometric mean over the scales k. A scale
 * with too few points (`n <= 2 k`) counts as the full line. 0 for a line without variation.
 */
export function variationRatio(line: Float64Array, n: number, scales: readonly number[]): number {
  const net = Math.abs(line[n - 1]! - line[0]!);
  let logs = 0;
  for (const scale of scales) {
    const step = n <= 2 * scale ? 1 : scale;
    let [variation, previous] = [0, 0];
    for (let i = step; previous < n - 1; i += step) {
      const point = Math.min(i, n - 1);
      variation += Math.abs(line[point]! - line[previous]!);
      previous = point;
    }
    if (variation === 0) return 0;
    logs += Math.log(Math.min(1, net / variation));
  }
  return scales.length === 0 ? 0 : Math.exp(logs / scales.length);
}

/**
 * Spearman's rank correlation with time; ties share the average rank; 0 for a flat line.
 *
 * @param scratch - at least n numbers, overwritten
 */
export function rankCorrelationWithTime(line: Float64Array, n: number, scratch: Float64Array): number {
  for (let i = 0; i < n; i++) scratch[i] = line[i]!;
  scratch.fill(Infinity, n).sort(); // a typed array sorts in place, by value
  const center = (n - 1) / 2;
  let [covariance, rankSquares, timeSquares] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const below = countUpTo(scratch, n, line[i]!, false);
    const upTo = countUpTo(scratch, n, line[i]!, true);
    const rank = (below + upTo - 1) / 2 - center;
    covariance += (i - center) * rank;
    rankSquares += rank ** 2;
    timeSquares += (i - center) ** 2;
  }
  return rankSquares === 0 ? 0 : covariance / Math.sqrt(rankSquares * timeSquares);
}

function countUpTo(sorted: Float64Array, n: number, value: number, inclusive: boolean): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value || (inclusive && sorted[middle]! === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
