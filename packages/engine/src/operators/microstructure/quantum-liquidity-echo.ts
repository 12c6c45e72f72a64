export interface LiquidityEcho {
  /** Decayed sum of past alphas. */
  readonly echo: number;
  /** `echo^2 / sigma`; 0 when sigma is 0. */
  readonly index: number;
  /** -1 fades a positive echo, +1 a negative one, 0 while the index is not above the threshold. */
  readonly action: -1 | 0 | 1;
}

/**
 * Liquidity echo: `sum over k >= 1 of alpha_k * e^(-k * dt / tau)`, faded once its energy stands out of the noise.
 *
 * @param alphas - past alphas, the most recent first: `alphas[0]` is one step old
 * @param dt - step, in the unit of `tau`
 * @param tau - decay time, > 0
 * @param sigma - noise level, >= 0
 */
export function quantumLiquidityEcho(
  alphas: readonly number[],
  dt: number,
  tau: number,
  sigma: number,
  threshold: number,
): LiquidityEcho {
  let echo = 0;
  for (const [age, alpha] of alphas.entries()) echo += alpha * Math.exp((-(age + 1) * dt) / tau);
  const index = sigma === 0 ? 0 : echo ** 2 / sigma;
  if (!(index > threshold) || echo === 0) return { echo, index, action: 0 };
  return { echo, index, action: echo > 0 ? -1 : 1 };
}
