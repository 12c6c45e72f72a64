import { logistic } from "./logistic.ts";
import { orderBookImbalance } from "./order-book.ts";

export interface SurvivalLevel {
  /** Weight of the level, e.g. its share of the book. */
  readonly weight: number;
  /** Hazard exponent of the level: its survival is `1 - L(z)`. */
  readonly z: number;
  /** Usual hazard of such a level, in [0, 1); a level with 1 or more is skipped. */
  readonly baselineHazard: number;
}

export interface BookPressure {
  readonly spread: number;
  readonly depth: number;
  readonly ofi: number;
}

/**
 * Order-book inertia index: excess survival of the levels, damped by spread, depth and flow,
 * `sum of w ((1 - L(z)) / (1 - baseline) - 1) / (1 + |spread| + depth + |ofi|)`.
 *
 * @returns 0 for levels that survive as usual, positive for a sticky book
 */
export function obiiFromSurvival(levels: readonly SurvivalLevel[], pressure: BookPressure): number {
  const damping = 1 + Math.abs(pressure.spread) + pressure.depth + Math.abs(pressure.ofi);
  let sum = 0;
  for (const { weight, z, baselineHazard } of levels) {
    if (baselineHazard >= 1) continue;
    sum += (weight * ((1 - logistic(z)) / (1 - baselineHazard) - 1)) / damping;
  }
  return sum;
}

/** The inertia index beside the imbalance of the same book. */
export function orderBookInertia(
  levels: readonly SurvivalLevel[],
  pressure: BookPressure,
  bidSize: number,
  askSize: number,
): { readonly obii: number; readonly imbalance: number } {
  return { obii: obiiFromSurvival(levels, pressure), imbalance: orderBookImbalance(bidSize, askSize) };
}
