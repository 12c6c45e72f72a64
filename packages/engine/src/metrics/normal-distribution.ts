/**
 * Standard normal distribution function.
 *
 * @returns P(Z <= x), absolute error below 1e-15
 * @see Marsaglia, "Evaluating the Normal Distribution", Journal of Statistical Software 11(4), 2004
 */
export function normalCdf(x: number): number {
  if (x < -8.3) return 0;
  if (x > 8.3) return 1;
  let sum = x;
  let term = x;
  for (let k = 3, previous = Number.NaN; sum !== previous; k += 2) {
    previous = sum;
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + sum * normalDensity(x);
}

/**
 * Inverse of `normalCdf`, by Newton's method from the median.
 *
 * @param p - 0 < p < 1
 */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  let x = 0;
  // The function is concave above the median, so the steps from there never overshoot; they shrink quadratically.
  for (let round = 0; round < 60; round++) {
    const step = (p - normalCdf(x)) / normalDensity(x);
    x += step;
    if (Math.abs(step) < 1e-14 * Math.max(1, x)) break;
  }
  return x;
}

function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - 0.918_938_533_204_672_8); // ln(sqrt(2 pi))
}
