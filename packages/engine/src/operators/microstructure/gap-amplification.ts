/** Keeps the divisor of an almost empty level finite. */
const depthFloor = 1e-9;

/**
 * Gap amplification: price gaps weighted down by the depth behind them and by their distance,
 * `sum of e^(-decay * k) * gap_k / (depth_k + 1e-9)` with k from 0 at the touch.
 *
 * @param gaps - price distances between neighbouring levels, nearest first
 * @param depths - resting sizes, same length; levels without size are skipped
 * @returns price per size; 0 for an empty book
 */
export function gapOverDepthSum(gaps: readonly number[], depths: readonly number[], decay: number): number {
  let sum = 0;
  const levels = Math.min(gaps.length, depths.length);
  for (let level = 0; level < levels; level++) {
    if (depths[level]! > 0) sum += (Math.exp(-decay * level) * gaps[level]!) / (depths[level]! + depthFloor);
  }
  return sum;
}

/**
 * Expected jump in price: the first gap (1 for an empty book), and with `zeta > 0` the further gaps weighted by the
 * share of depth up to them, all scaled by `1 + micropriceSlope`.
 */
export function jumpExpectation(
  gaps: readonly number[],
  depths: readonly number[],
  zeta = 0,
  micropriceSlopeValue = 0,
): number {
  const first = gaps[0] ?? 1;
  if (!(zeta > 0)) return first;
  const levels = Math.min(gaps.length, depths.length);
  const total = depths.reduce((a, b) => a + b, 0);
  let expected = first;
  let cumulative = depths[0] ?? 0;
  for (let level = 1; level < levels; level++) {
    cumulative += depths[level]!;
    if (total > 0) expected += ((zeta * cumulative) / total) * gaps[level]!;
  }
  return expected * (1 + micropriceSlopeValue);
}

/** Gap-amplified transition intensity of one side: hazard, expected jump and gap amplification multiplied. */
export function gatiSide(hazard: number, jump: number, gapAmplification: number): number {
  return hazard * jump * gapAmplification;
}

/** Quotes that rested at least `dwellMsMin`; shorter ones are taken for flicker. Order is kept. */
export function filterGhostQuotes<Quote extends { readonly dwellMs: number }>(
  quotes: readonly Quote[],
  dwellMsMin: number,
): Quote[] {
  return quotes.filter((quote) => quote.dwellMs >= dwellMsMin);
}

/** Cancels per new limit order: `cancels / (limits + eps)`. */
export function cancelLimitRatio(cancels: number, limits: number, eps = 1e-9): number {
  return cancels / (limits + eps);
}

/** Change of the microprice over one step. */
export function micropriceSlope(microprice: number, previousMicroprice: number): number {
  return microprice - previousMicroprice;
}
