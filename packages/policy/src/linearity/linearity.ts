/** What a strategy has earned, point by point: equity or profit as it stood, or returns to be summed up. */
export interface EquitySeries {
  readonly equity?: readonly number[];
  readonly pnl?: readonly number[];
  readonly returns?: readonly number[];
}

/**
 * Metrics of how straight a curve rises, by name (`el_v1_score`, `el_v2_tvr`, ...). The first version looks at fit, path
 * and new highs, the second at trend, total variation, time under water and drawdown. A curve with fewer than two points
 * or a point that is not finite has none of them, one with two points none of the second version.
 */
export function linearityMetrics(series: EquitySeries): Record<string, number> {
  const points = pointsOf(series);
  if (points === undefined) return {};
  return { ...named("el_v1", elV1(points)), ...(points.length < 3 ? {} : named("el_v2", elV2(points))) };
}

/** Metrics of the point-by-point sum of all curves, cut to the shortest: `portfolio_el_v1_score`, ... */
export function portfolioLinearityMetrics(all: Iterable<EquitySeries>): Record<string, number> {
  const curves = [...all].map(pointsOf).filter((points) => points !== undefined);
  if (curves.length === 0) return {};
  const length = Math.min(...curves.map((points) => points.length));
  const sum = Array.from({ length }, (_, index) => curves.reduce((total, points) => total + points[index]!, 0));
  const { score } = elV1(sum);
  if (length < 3) return named("portfolio_el_v1", { score });
  const { score: score2, tvr, tuw, mdd_norm } = elV2(sum);
  return { ...named("portfolio_el_v1", { score }), ...named("portfolio_el_v2", { score: score2, tvr, tuw, mdd_norm }) };
}

type Points = readonly number[];

function pointsOf({ equity, pnl, returns }: EquitySeries): Points | undefined {
  const points = equity ?? pnl ?? (returns === undefined ? undefined : cumulativeSum(returns));
  return points !== undefined && points.length >= 2 && points.every(Number.isFinite) ? points : undefined;
}

function elV1(points: Points) {
  const net_gain = points.at(-1)! - points[0]!;
  const r2_up = rSquaredUp(points);
  const straight = straightness(points);
  const monotonicity = shareOfRisingSteps(points);
  const new_high_frac = shareOfNewHighs(points, 1e-12);
  const score = net_gain <= 0 ? 0 : 0.45 * r2_up + 0.45 * straight + 0.1 * ((monotonicity + new_high_frac) / 2);
  return { score, r2_up, straightness: straight, monotonicity, new_high_frac, net_gain };
}

function elV2(points: Points) {
  const net_gain = points.at(-1)! - points[0]!;
  const r2_up = rSquaredUp(points);
  const spearman_rho = rankCorrelationWithTime(points);
  const t_slope = tOfSlope(points);
  const tvr = totalVariationRatio(points);
  const tuw = 1 - shareOfNewHighs(points, 1e-10);
  const mdd_norm = maxDrawdown(points) / (Math.abs(net_gain) + 1e-10);
  const parts = [Math.sqrt(r2_up * Math.max(0, spearman_rho)), tvr, 1 - tuw, 1 / (1 + mdd_norm)];
  const score = net_gain <= 0 ? 0 : harmonicMean(parts);
  const t_slope_sig = Math.min(1, Math.abs(t_slope) / 3);
  return { score, tvr, tuw, r2_up, spearman_rho, t_slope, t_slope_sig, mdd_norm, net_gain };
}

interface Line {
  readonly slope: number;
  /** Sums of squares: of the index, of the points, and of what the line leaves. */
  readonly indexSquares: number;
  readonly pointSquares: number;
  readonly restSquares: number;
}

// Ordinary least squares of the points on their index.
function lineThrough(points: Points): Line {
  const middle = (points.length - 1) / 2;
  const mean = points.reduce((total, point) => total + point, 0) / points.length;
  let [indexSquares, products, pointSquares] = [0, 0, 0];
  for (const [index, point] of points.entries()) {
    indexSquares += (index - middle) ** 2;
    products += (index - middle) * (point - mean);
    pointSquares += (point - mean) ** 2;
  }
  const slope = products / indexSquares;
  let restSquares = 0;
  for (const [index, point] of points.entries()) restSquares += (point - mean - slope * (index - middle)) ** 2;
  return { slope, indexSquares, pointSquares, restSquares };
}

function rSquaredUp(points: Points): number {
  const { slope, pointSquares, restSquares } = lineThrough(points);
  return slope > 0 ? Math.min(1, Math.max(0, 1 - restSquares / pointSquares)) : 0;
}

/** t statistic of the slope; infinite for a perfect line, 0 for a flat one. */
function tOfSlope(points: Points): number {
  const { slope, indexSquares, restSquares } = lineThrough(points);
  return slope === 0 ? 0 : slope / Math.sqrt(restSquares / (points.length - 2) / indexSquares);
}

// Length of the diagonal over that of the curve, both in the unit square the curve fills.
function straightness(points: Points): number {
  const [low, high] = extremes(points);
  if (high === low) return 0;
  const dx = 1 / (points.length - 1);
  let length = 0;
  for (let index = 1; index < points.length; index++) {
    length += Math.hypot(dx, (points[index]! - points[index - 1]!) / (high - low));
  }
  return Math.min(1, Math.max(0, Math.SQRT2 / length));
}

function shareOfRisingSteps(points: Points): number {
  let rising = 0;
  for (let index = 1; index < points.length; index++) if (points[index]! - points[index - 1]! > 1e-12) rising += 1;
  return rising / (points.length - 1);
}

function shareOfNewHighs(points: Points, epsilon: number): number {
  let peak = Number.NEGATIVE_INFINITY;
  let highs = 0;
  for (const point of points) {
    if (point > peak + epsilon) highs += 1;
    peak = Math.max(peak, point);
  }
  return highs / points.length;
}

/** How much of the way the curve went was progress, at three resolutions. */
function totalVariationRatio(points: Points): number {
  let [product, count] = [1, 0];
  for (const every of [1, 5, 20]) {
    if (every > 1 && points.length <= 2 * every) continue;
    const kept = points.filter((_, index) => index % every === 0 || index === points.length - 1);
    let variation = 0;
    for (let index = 1; index < kept.length; index++) variation += Math.abs(kept[index]! - kept[index - 1]!);
    product *= variation === 0 ? 0 : Math.abs(kept.at(-1)! - kept[0]!) / variation;
    count += 1;
  }
  return product ** (1 / count);
}

function maxDrawdown(points: Points): number {
  let [peak, drawdown] = [Number.NEGATIVE_INFINITY, 0];
  for (const point of points) {
    peak = Math.max(peak, point);
    drawdown = Math.max(drawdown, peak - point);
  }
  return drawdown;
}

// Spearman's rho: the correlation of ranks, equal points sharing the mean of theirs.
function rankCorrelationWithTime(points: Points): number {
  const order = points.map((_, index) => index).sort((a, b) => points[a]! - points[b]!);
  const ranks = points.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && points[order[to + 1]!] === points[order[from]!]) to += 1;
    for (let at = from; at <= to; at++) ranks[order[at]!] = (from + to) / 2;
    from = to + 1;
  }
  const { slope, indexSquares, pointSquares } = lineThrough(ranks);
  return pointSquares === 0 ? 0 : slope * Math.sqrt(indexSquares / pointSquares);
}

function harmonicMean(parts: readonly number[]): number {
  if (parts.some((part) => part <= 0)) return 0;
  return parts.length / parts.reduce((total, part) => total + 1 / part, 0);
}

function cumulativeSum(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}

function extremes(points: Points): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const point of points) {
    low = Math.min(low, point);
    high = Math.max(high, point);
  }
  return [low, high];
}

// A figure that is not finite is no figure: whatever asks for it finds it missing.
function named(prefix: string, figures: Readonly<Record<string, number>>): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(figures)) if (Number.isFinite(value)) metrics[`${prefix}_${name}`] = value;
  return metrics;
}
