export interface ConcentrationScores {
  /** Shannon entropy of the size per price bin, in nats: 0 when all sits in one bin. */
  readonly entropy: number;
  /** Herfindahl-Hirschman index of the sizes per bin, in (0, 1]. */
  readonly hhi: number;
  /** Fano factor: variance over mean of the absolute price steps; 0 when there is no movement. */
  readonly fano: number;
}

/**
 * How concentrated resting or traded size is over price.
 *
 * @param prices - in order of time
 * @param sizes - weights, >= 0, same length
 * @param bins - equal-width price bins between the lowest and the highest price, >= 1
 * @returns NaN entropy and hhi when there is no size at all
 */
export function concentrationScores(
  prices: readonly number[],
  sizes: readonly number[],
  bins: number,
): ConcentrationScores {
  const shares = sizeSharesByBin(prices, sizes, bins);
  let entropy = 0;
  let hhi = 0;
  for (const share of shares) {
    if (share === 0) continue;
    entropy -= share * Math.log(share);
    hhi += share * share;
  }
  return { entropy, hhi, fano: fanoFactor(prices) };
}

/** `-ln` of the total depth on the way: the lower, the harder to pass; infinite through an empty book. */
export function pathResistance(depths: readonly number[]): number {
  let total = 0;
  for (const depth of depths) total += depth;
  return -Math.log(total);
}

/** Depth above against depth below: `(up - down) / (up + down + eps)`, in [-1, 1]. */
export function depthWedge(upDepth: number, downDepth: number, eps = 1e-9): number {
  return (upDepth - downDepth) / (upDepth + downDepth + eps);
}

/** Expected move to one side: probability times jump. */
export function edchSide(probability: number, jump: number): number {
  return probability * jump;
}

function sizeSharesByBin(prices: readonly number[], sizes: readonly number[], bins: number): number[] {
  const low = prices.reduce((a, b) => Math.min(a, b), Infinity);
  const width = (prices.reduce((a, b) => Math.max(a, b), -Infinity) - low) / bins;
  const totals = Array.from({ length: bins }, () => 0);
  let total = 0;
  for (const [index, price] of prices.entries()) {
    const size = sizes[index] ?? 0;
    // The highest price belongs to the last bin, whose upper edge is closed.
    totals[width > 0 ? Math.min(bins - 1, Math.floor((price - low) / width)) : 0]! += size;
    total += size;
  }
  return totals.map((size) => size / total);
}

function fanoFactor(prices: readonly number[]): number {
  const steps: number[] = [];
  for (let i = 1; i < prices.length; i++) steps.push(Math.abs(prices[i]! - prices[i - 1]!));
  if (steps.length === 0) return 0;
  const mean = steps.reduce((a, b) => a + b, 0) / steps.length;
  if (mean === 0) return 0;
  return steps.reduce((a, b) => a + (b - mean) ** 2, 0) / steps.length / mean;
}
