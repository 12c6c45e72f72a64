import { parsePeriod } from "@qmtl/core";
import {
  fitLine,
  largestDrop,
  newHighShare,
  rankCorrelationWithTime,
  risingShare,
  straightness,
  variationRatio,
  type HistoryMeter,
  type LineFit,
} from "./linearity-measures.ts";

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
  const result = new Float64Array(6);
  if (pnl.length >= 2) linearityMeter(eps)(result, Float64Array.from(pnl), pnl.length);
  const [r2Up, straightnessRatio, monotonicity, newHighFrac, netGain, score] = result;
  return {
    r2Up: r2Up!,
    straightnessRatio: straightnessRatio!,
    monotonicity: monotonicity!,
    newHighFrac: newHighFrac!,
    netGain: netGain!,
    score: score!,
  };
}

/** The metrics without an allocation per call, for two points or more, in the order of {@link EquityLinearity}. */
export function linearityMeter(eps: number): HistoryMeter {
  const fit: LineFit = { slope: 0, r2: 0, standardError: 0 };
  return (result, line, n) => {
    fitLine(fit, line, n);
    const r2Up = fit.slope > 0 ? fit.r2 : 0;
    const straight = straightness(line, n);
    const rising = risingShare(line, n, eps);
    const highs = newHighShare(line, n, eps);
    const netGain = line[n - 1]! - line[0]!;
    result[0] = r2Up;
    result[1] = straight;
    result[2] = rising;
    result[3] = highs;
    result[4] = netGain;
    result[5] = netGain > 0 ? clampUnit(0.45 * r2Up + 0.45 * straight + (0.1 * (rising + highs)) / 2) : 0;
  };
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
 * @throws QmtlError `PERIOD_INVALID` for a scale that is not a whole number from 1
 */
export function equityLinearityMetricsV2(
  pnl: ArrayLike<number>,
  options: EquityLinearityV2Options = {},
): EquityLinearityV2 {
  const result = new Float64Array(10);
  if (pnl.length >= 3) linearityV2Meter(pnl.length, options)(result, Float64Array.from(pnl), pnl.length);
  const [r2Up, spearmanRho, tSlope, tSlopeSig, tvr, tuw, nhFrac, mddNorm, netGain, score] = result;
  return {
    r2Up: r2Up!,
    spearmanRho: spearmanRho!,
    tSlope: Number.isFinite(tSlope!) ? tSlope! : null,
    tSlopeSig: tSlopeSig!,
    tvr: tvr!,
    tuw: tuw!,
    nhFrac: nhFrac!,
    mddNorm: mddNorm!,
    netGain: netGain!,
    score: score!,
  };
}

/**
 * The metrics without an allocation per call, for three points up to `capacity`, in the order of
 * {@link EquityLinearityV2}; NaN for a t statistic that is not finite. Overwrites the line with what it measured.
 */
export function linearityV2Meter(capacity: number, options: EquityLinearityV2Options): HistoryMeter {
  const { orientation = "up", eps = 1e-10, useLog = false, scales = [1, 5, 20] } = options;
  for (const scale of scales) parsePeriod(scale, "a scale");
  const sign = orientation === "down" ? -1 : 1;
  const fit: LineFit = { slope: 0, r2: 0, standardError: 0 };
  const scratch = new Float64Array(capacity);
  const parts = new Float64Array(4);
  return (result, line, n) => {
    const wanted = sign * (line[n - 1]! - line[0]!) > 0;
    const logs = useLog && allPositive(line, n);
    for (let i = 0; i < n; i++) line[i] = sign * (logs ? Math.log(line[i]!) : line[i]!);
    fitLine(fit, line, n);
    const t = fit.slope === 0 ? 0 : fit.slope / fit.standardError;
    const netGain = line[n - 1]! - line[0]!;
    const highs = newHighShare(line, n, eps);
    result[0] = fit.slope > 0 ? fit.r2 : 0;
    result[1] = rankCorrelationWithTime(line, n, scratch);
    result[2] = Number.isFinite(t) ? t : Number.NaN;
    result[3] = clampUnit(Math.abs(t) / 3);
    result[4] = variationRatio(line, n, scales);
    result[5] = 1 - highs;
    result[6] = highs;
    result[7] = largestDrop(line, n) / (Math.abs(netGain) + eps);
    result[8] = netGain;
    parts[0] = Math.sqrt(result[0] * Math.max(0, result[1]));
    parts[1] = result[4];
    parts[2] = highs;
    parts[3] = 1 / (1 + result[7]);
    result[9] = wanted ? harmonicMean(parts, eps) : 0;
  };
}

function harmonicMean(values: Float64Array, floor: number): number {
  let inverses = 0;
  for (let k = 0; k < values.length; k++) inverses += 1 / Math.max(floor, values[k]!);
  return values.length / inverses;
}

function allPositive(line: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) if (!(line[i]! > 0)) return false;
  return true;
}

function clampUnit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
