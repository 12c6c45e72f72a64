/**
 * Square-root market impact `sqrt(quantity / volume) / depth^beta`.
 *
 * @param quantity - size of the order, >= 0, in the unit of `volume`
 * @param volume - volume traded over the reference period
 * @param depth - resting size the order meets
 * @param beta - depth exponent, unitless
 * @returns unitless; 0 when `volume` or `depth` is not positive: with nothing to measure against, no impact is claimed
 * @see Almgren et al., Direct Estimation of Equity Market Impact, 2005 (square-root law)
 */
export function impact(quantity: number, volume: number, depth: number, beta: number): number {
  if (volume <= 0 || depth <= 0) return 0;
  return Math.sqrt(quantity / volume) / depth ** beta;
}

/**
 * Order-book resiliency: `tanh(gamma * impact * volatility) * imbalanceChange`.
 *
 * @param impactValue - see {@link impact}
 * @param volatility - of returns, per period
 * @param imbalanceChange - change of the order-book imbalance, in [-2, 2]
 * @param gamma - sensitivity
 */
export function resiliencyAlpha(
  impactValue: number,
  volatility: number,
  imbalanceChange: number,
  gamma: number,
): number {
  return Math.tanh(gamma * impactValue * volatility) * imbalanceChange;
}

/** Cost of crossing now: half the spread, the taker fee and the impact, all in one unit (price or fraction). */
export function executionCost(spread: number, takerFee: number, impactValue: number): number {
  return spread / 2 + takerFee + impactValue;
}
