import { QmtlError } from "@qmtl/core";
import { logistic } from "./logistic.ts";

export interface ExecutionVelocity {
  /** Acceleration of executed volume, standardised. */
  readonly aevx: number;
  readonly tension: number;
  /** Resting size, >= 0. */
  readonly depth: number;
  readonly ofi: number;
  readonly spreadZ: number;
  readonly microSlope: number;
}

/**
 * Execution-velocity depletion hazard:
 * `L(e0 + e1 aevx + e2 tension - e3 ln(depth + 1e-9) + e4 ofi + e5 spreadZ + e6 microSlope)`.
 *
 * @param eta - seven weights, the intercept first
 * @returns in [0, 1]; NaN for a depth below 0
 * @throws QmtlError `PARAMETER_INVALID` for another number of weights
 */
export function edvhHazard(state: ExecutionVelocity, eta: readonly number[]): number {
  if (eta.length !== 7) {
    throw new QmtlError("PARAMETER_INVALID", `expected 7 weights, the intercept first; found ${eta.length}`, {
      details: { expected: 7, found: eta.length },
    });
  }
  return logistic(
    eta[0]! +
      eta[1]! * state.aevx +
      eta[2]! * state.tension -
      eta[3]! * Math.log(state.depth + 1e-9) +
      eta[4]! * state.ofi +
      eta[5]! * state.spreadZ +
      eta[6]! * state.microSlope,
  );
}

/**
 * Expected size of a jump that eats into the book by diffusion: `g_0 + zeta * sum over j > 0 of p_j g_j`, where `p_j`
 * is 1 when level j cannot absorb the quantity (`depth_j <= quantity`) and 0.5 when it can.
 *
 * @param gaps - price gaps between levels, nearest first
 * @param depths - resting sizes, same length
 * @returns price units; 0 for an empty book
 */
export function edvhExpectedJump(
  gaps: readonly number[],
  depths: readonly number[],
  quantity: number,
  zeta = 0.5,
): number {
  const levels = Math.min(gaps.length, depths.length);
  if (levels === 0) return 0;
  let beyond = 0;
  for (let level = 1; level < levels; level++) beyond += (depths[level]! <= quantity ? 1 : 0.5) * gaps[level]!;
  return gaps[0]! + zeta * beyond;
}

/** Hazard times expected jump: the expected move, in price units. */
export function executionVelocityHazard(
  state: ExecutionVelocity,
  eta: readonly number[],
  gaps: readonly number[],
  depths: readonly number[],
  quantity: number,
  zeta = 0.5,
): number {
  return edvhHazard(state, eta) * edvhExpectedJump(gaps, depths, quantity, zeta);
}
