/** How straight an equity line rises (first version). All in [0, 1] but `netGain`, which has the line's unit. */
export interface EquityLinearity {
  /** R squared of the least-squares line on time, 0 unless it rises. */
  readonly r2Up: number;
  /** Length of the straight way over the length of the line, both scaled to a square; 0 when the net gain is 0. */
  readonly straightnessRatio: number;
  /** Share of steps up by more than eps. */
  readonly monotonicity: number;
  /** Share of points that are a new high, the first included. */
  readonly newHighFrac: number;
  readonly netGain: number;
  /** 0.45 r2Up + 0.45 straightness + 0.1 mean(monotonicity, newHighFrac); 0 without a gain. */
  readonly score: number;
}

/**
 * Linearity of a cumulative profit line; fewer than two points give 0 throughout.
 *
 * @param pnl - cumulative profit or equity per period, oldest first, all finite
 */
export function equityLinearityMetrics(pnl: ArrayLike<number>, eps = 1e-12): EquityLinearity {
  const n = pnl.length;
  if (n < 2) return { r2Up: 0, straightnessRatio: 0, monotonicity: 0, newHighFrac: 0, netGain: 0, score: 0 };
  const netGain = pnl[n - 1]! - pnl[0]!;
  const { slope, r2 } = lineFit(pnl);
  const r2Up = slope > 0 ? r2 : 0;
  let [path, ups] = [0, 0];
  for (let i = 1; i < n; i++) {
    const step = pnl[i]! - pnl[i - 1]!;
    path += Math.hypot(1 / (n - 1), step / Math.abs(netGain));
    if (step > eps) ups += 1;
  }
  const straightnessRatio = netGain === 0 ? 0 : Math.SQRT2 / path;
  const monotonicity = ups / (n - 1);
  const newHighFrac = newHighShare(pnl, eps);
  const raw = 0.45 * r2Up + 0.45 * straightnessRatio + (0.1 * (monotonicity + newHighFrac)) / 2;
  return { r2Up, straightnessRatio, monotonicity, newHighFrac, netGain, score: netGain > 0 ? clampUnit(raw) : 0 };
}

export interface EquityLinearityV2Options {
  /** The way the line should go; "down" turns it over first. */
  readonly orientation?: "up" | "down";
  readonly eps?: number;
  /** Fits the logarithm, when every point is positive: steady growth is then the straight line. */
  readonly useLog?: boolean;
  /** Steps, in points, at which the total variation is taken. */
  readonly scales?: readonly number[];
}

/** How straight an equity line rises (second version), of the line after turning and taking logarithms. */
export interface EquityLinearityV2 {
  readonly r2Up: number;
  /** Spearman rank correlation with time, in [-1, 1]; 0 for a flat line. */
  readonly spearmanRho: number;
  /** t statistic of the slope; null where it is not finite: a perfectly straight line has no residual. */
  readonly tSlope: number | null;
  /** `|t| / 3` within [0, 1]; 1 for a perfectly straight line that is not flat. */
  readonly tSlopeSig: number;
  /** Net change over total variation, geometric mean over the scales, in [0, 1]. */
  readonly tvr: number;
  /** Share of points under water: not a new high. */
  readonly tuw: number;
  readonly nhFrac: number;
  /** Largest drop below the running peak over the net change. */
  readonly mddNorm: number;
  readonly netGain: number;
  /** Harmonic mean of the parts, when the raw gain has the wanted sign; else 0. */
  readonly score: number;
}

/**
 * Linearity of a cumulative profit line, in more than one scale; fewer than three points give 0 throughout.
 *
 * @param pnl - cumulative profit or equity per period, oldest first, all finite
 */
export function equityLinearityMetricsV2(
  pnl: ArrayLike<number>,
  options: EquityLinearityV2Options = {},
): EquityLinearityV2 {
  const { orientation = "up", eps = 1e-10, useLog = false, scales = [1, 5, 20] } = options;
  const raw = Array.from(pnl);
  const n = raw.length;
  if (n < 3) return tooShort;
  const logged = useLog && raw.every((value) => value > 0) ? raw.map(Math.log) : raw;
  const line = orientation === "down" ? logged.map((value) => -value) : logged;
  const fit = lineFit(line);
  const netGain = line[n - 1]! - line[0]!;
  const r2Up = fit.slope > 0 ? fit.r2 : 0;
  const spearmanRho = rankCorrelationWithTime(line);
  const t = fit.slope === 0 ? 0 : fit.slope / fit.standardError;
  const tvr = totalVariationRatio(line, scales);
  const nhFrac = newHighShare(line, eps);
  const mddNorm = largestDrop(line) / (Math.abs(netGain) + eps);
  const parts = [Math.sqrt(r2Up * Math.max(0, spearmanRho)), tvr, nhFrac, 1 / (1 + mddNorm)];
  const harmonic = parts.length / parts.reduce((sum, part) => sum + 1 / Math.max(eps, part), 0);
  const rawGain = raw[n - 1]! - raw[0]!;
  const wanted = orientation === "down" ? rawGain < 0 : rawGain > 0;
  return {
    r2Up,
    spearmanRho,
    tSlope: Number.isFinite(t) ? t : null,
    tSlopeSig: clampUnit(Math.abs(t) / 3),
    tvr,
    tuw: 1 - nhFrac,
    nhFrac,
    mddNorm,
    netGain,
    score: wanted ? harmonic : 0,
  };
}

const tooShort: EquityLinearityV2 = {
  r2Up: 0,
  spearmanRho: 0,
  tSlope: 0,
  tSlopeSig: 0,
  tvr: 0,
  tuw: 0,
  nhFrac: 0,
  mddNorm: 0,
  netGain: 0,
  score: 0,
};

interface LineFit {
  /** Per point. */
  readonly slope: number;
  readonly r2: number;
  /** Of the slope; 0 when the line goes through every point, to rounding. */
  readonly standardError: number;
}

function lineFit(y: ArrayLike<number>): LineFit {
  const n = y.length;
  const center = (n - 1) / 2;
  const timeSquares = (n * (n * n - 1)) / 12;
  const first = y[0]!; // measured from here, so that a large offset costs no digits
  let [sum, covariance] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += y[i]! - first;
    covariance += (i - center) * (y[i]! - first);
  }
  const mean = sum / n;
  const slope = covariance / timeSquares;
  let [total, residual, largest] = [0, 0, Math.abs(first)];
  for (let i = 0; i < n; i++) {
    const deviation = y[i]! - first - mean;
    total += deviation ** 2;
    residual += (deviation - slope * (i - center)) ** 2;
    largest = Math.max(largest, Math.abs(y[i]!));
  }
  // A residual of the size of rounding is none: each point carries up to half an ulp of the largest value.
  if (residual <= n * (4 * Number.EPSILON * largest) ** 2) residual = 0;
  return {
    slope: total === 0 ? 0 : slope,
    r2: total === 0 ? 0 : 1 - residual / total,
    standardError: n > 2 ? Math.sqrt(residual / (n - 2) / timeSquares) : 0,
  };
}

function newHighShare(line: ArrayLike<number>, eps: number): number {
  let peak = -Infinity;
  let highs = 0;
  for (let i = 0; i < line.length; i++) {
    if (line[i]! > peak + eps) highs += 1;
    peak = Math.max(peak, line[i]!);
  }
  return highs / line.length;
}

function largestDrop(line: readonly number[]): number {
  let [peak, drop] = [-Infinity, 0];
  for (const value of line) {
    peak = Math.max(peak, value);
    drop = Math.max(drop, peak - value);
  }
  return drop;
}

function totalVariationRatio(line: readonly number[], scales: readonly number[]): number {
  const n = line.length;
  let logs = 0;
  for (const scale of scales) {
    const step = n <= 2 * scale ? 1 : scale; // too few points for the scale: the full line
    const points = line.filter((_, index) => index % step === 0);
    if ((n - 1) % step !== 0) points.push(line[n - 1]!);
    let variation = 0;
    for (let i = 1; i < points.length; i++) variation += Math.abs(points[i]! - points[i - 1]!);
    if (variation === 0) return 0;
    logs += Math.log(Math.min(1, Math.abs(line[n - 1]! - line[0]!) / variation));
  }
  return scales.length === 0 ? 0 : Math.exp(logs / scales.length);
}

function rankCorrelationWithTime(line: readonly number[]): number {
  const n = line.length;
  const order = line.map((_, index) => index).toSorted((a, b) => line[a]! - line[b]!);
  const ranks = new Float64Array(n);
  for (let start = 0; start < n;) {
    let end = start + 1;
    while (end < n && line[order[end]!] === line[order[start]!]) end += 1;
    for (let k = start; k < end; k++) ranks[order[k]!] = (start + end - 1) / 2; // ties share the average rank
    start = end;
  }
  const center = (n - 1) / 2;
  let [covariance, rankSquares, timeSquares] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    covariance += (i - center) * (ranks[i]! - center);
    rankSquares += (ranks[i]! - center) ** 2;
    timeSquares += (i - center) ** 2;
  }
  return rankSquares === 0 ? 0 : covariance / Math.sqrt(rankSquares * timeSquares);
}

function clampUnit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
