/** Logistic function `1 / (1 + e^-x)`, in (0, 1); saturates at 0 and 1, never overflows. */
export function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x); // at most 1: the other form would divide infinity by infinity
  return e / (1 + e);
}

/** Softplus `ln(1 + e^x)`: `x` itself for large `x`, 0 for very negative ones, never overflows. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
