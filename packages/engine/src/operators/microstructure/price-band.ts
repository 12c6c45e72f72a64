/** An exponentially weighted mean and deviation of price with a band around it; all in price units but `pbx`. */
export interface PriceBand {
  readonly mean: number;
  readonly deviation: number;
  readonly upper: number;
  readonly lower: number;
  /** Position in the band: 0 at the mean, +1 at the upper edge, -1 at the lower; 0 while the band has no width. */
  readonly pbx: number;
}

/**
 * One step of the band: `mean' = (1 - meanRate) mean + meanRate price`,
 * `deviation'^2 = (1 - deviationRate) deviation^2 + deviationRate (price - mean')^2`, edges `width` deviations away.
 *
 * @param meanRate - weight of the new price in the mean, in [0, 1]
 * @param deviationRate - weight of the new residual in the variance, in [0, 1]
 */
export function estimateBand(
  price: number,
  mean: number,
  deviation: number,
  meanRate: number,
  deviationRate: number,
  width: number,
): PriceBand {
  const nextMean = (1 - meanRate) * mean + meanRate * price;
  const residual = price - nextMean;
  const nextDeviation = Math.sqrt((1 - deviationRate) * deviation ** 2 + deviationRate * residual ** 2);
  const half = width * nextDeviation;
  return {
    mean: nextMean,
    deviation: nextDeviation,
    upper: nextMean + half,
    lower: nextMean - half,
    pbx: half === 0 ? 0 : residual / half,
  };
}

/** How far a residual lies outside the band, in deviations: `max(0, |residual| - width * deviation) / deviation`; 0 without deviation. */
export function overshoot(residual: number, deviation: number, width: number): number {
  return deviation <= 0 ? 0 : Math.max(0, Math.abs(residual) - width * deviation) / deviation;
}

/** Volume above its expectation in deviations; 0 when the deviation is 0. */
export function volumeSurprise(volume: number, expectedVolume: number, deviation: number): number {
  return deviation === 0 ? 0 : (volume - expectedVolume) / deviation;
}

/** Change of the position in the band. */
export function pbxDelta(pbx: number, previousPbx: number): number {
  return pbx - previousPbx;
}

/** Order flow that the bid side has over the ask side, in the unit of its inputs. */
export function ofiLiquidityGap(bidFlow: number, askFlow: number): number {
  return bidFlow - askFlow;
}

/** Short-term against long-term volatility, minus 1: negative is a squeeze; 0 when the long one is 0. */
export function volatilitySqueeze(shortVolatility: number, longVolatility: number): number {
  return longVolatility === 0 ? 0 : shortVolatility / longVolatility - 1;
}

/** Implied minus realised volatility, in the unit of both. */
export function ivHvSpread(impliedVolatility: number, historicalVolatility: number): number {
  return impliedVolatility - historicalVolatility;
}
