import { nearestWord, QmtlError } from "@qmtl/core";
import { logistic, softplus } from "./logistic.ts";

/** Standardised features by name, e.g. `{ C: 1.2, Cliff: -0.3 }`. */
export type Features = Readonly<Record<string, number>>;

export interface HazardModel {
  /** Features in the order of `beta[1..]`. */
  readonly keys: readonly string[];
  /** Features that enter as `ln(1 + e^z)`. */
  readonly softplusKeys?: readonly string[];
  /** Features that enter with their sign turned. */
  readonly negativeKeys?: readonly string[];
}

/** Sudden withdrawal of clustered resting orders. */
export const clusteringCollapse: HazardModel = {
  keys: ["C", "Cliff", "Gap", "CH", "RL", "Shield", "QDT_inv", "Pers"],
  softplusKeys: ["C"],
  negativeKeys: ["Shield"],
};

/** A book about to tip to one side. */
export const bifurcation: HazardModel = {
  keys: ["SkewDot", "CancelDot", "Gap", "Cliff", "Shield", "QDT_inv", "RequoteLag"],
  softplusKeys: ["SkewDot", "CancelDot"],
  negativeKeys: ["Shield"],
};

/**
 * Probability of the event a {@link HazardModel} describes: `L(b0 + sum of b_i * s_i * f(z_i))`, with `L` the logistic
 * function, `f` softplus or the identity, `s` -1 for the negative keys.
 *
 * @param beta - the intercept, then one weight per key
 * @returns in [0, 1]; NaN when a feature or weight is NaN
 * @throws QmtlError `PARAMETER_INVALID` for a missing feature or a wrong number of weights
 */
export function hazardProbability(features: Features, beta: readonly number[], model: HazardModel): number {
  requireWeights(beta, model.keys.length + 1);
  let exponent = beta[0]!;
  for (const [index, key] of model.keys.entries()) {
    const z = feature(features, key);
    const shaped = model.softplusKeys?.includes(key) ? softplus(z) : z;
    exponent += beta[index + 1]! * (model.negativeKeys?.includes(key) ? -shaped : shaped);
  }
  return logistic(exponent);
}

/** {@link hazardProbability} of {@link clusteringCollapse}. */
export function clusteringCollapseHazard(features: Features, beta: readonly number[]): number {
  return hazardProbability(features, beta, clusteringCollapse);
}

/** {@link hazardProbability} of {@link bifurcation}. */
export function bifurcationHazard(features: Features, beta: readonly number[]): number {
  return hazardProbability(features, beta, bifurcation);
}

/**
 * Expected direction of the move on one side of the book:
 * `side * tanh(e0 + e1 * OFI + e2 * MicroSlope + e3 * AggFlow)`.
 *
 * @param side - +1 for the ask (upward), -1 for the bid
 * @param features - `OFI`, `MicroSlope`, `AggFlow`
 * @param eta - four weights
 * @param options - `weightAggFlowByOfi` multiplies the last term by the sign of OFI (the bifurcation model does)
 * @returns in [-1, 1]
 * @throws QmtlError `PARAMETER_INVALID`
 */
export function directionSignal(
  side: number,
  features: Features,
  eta: readonly number[],
  options: { readonly weightAggFlowByOfi?: boolean } = {},
): number {
  requireWeights(eta, 4);
  const flowImbalance = feature(features, "OFI");
  const aggressive = feature(features, "AggFlow") * (options.weightAggFlowByOfi ? Math.sign(flowImbalance) : 1);
  return (
    side *
    Math.tanh(eta[0]! + eta[1]! * flowImbalance + eta[2]! * feature(features, "MicroSlope") + eta[3]! * aggressive)
  );
}

export interface TlbhWeights {
  /** Exponent on the hazard, > 0. */
  readonly gamma: number;
  /** Dead zone: hazards whose power stays below give 0. */
  readonly tau: number;
  /** Decay per unit of cost. */
  readonly phi: number;
}

/**
 * Two-level book hazard alpha: `max(hazard^gamma - tau, 0) * direction * pi * e^(-phi * cost)`.
 *
 * @param hazard - in [0, 1]
 * @param direction - in [-1, 1], see {@link directionSignal}
 * @param pi - expected size of the move
 * @param cost - see `executionCost`
 */
export function tlbhAlpha(hazard: number, direction: number, pi: number, cost: number, weights: TlbhWeights): number {
  return Math.max(hazard ** weights.gamma - weights.tau, 0) * direction * pi * Math.exp(-weights.phi * cost);
}

function feature(features: Features, key: string): number {
  if (Object.hasOwn(features, key)) return features[key]!;
  const near = nearestWord(key, Object.keys(features));
  throw new QmtlError("PARAMETER_INVALID", `feature "${key}" is needed; found ${Object.keys(features).join(", ")}`, {
    details: { missing: key, found: Object.keys(features) },
    ...(near !== undefined && { hint: `did you mean "${key}" where you wrote "${near}"?` }),
  });
}

function requireWeights(weights: readonly number[], count: number): void {
  if (weights.length === count) return;
  throw new QmtlError("PARAMETER_INVALID", `expected ${count} weights, the intercept first; found ${weights.length}`, {
    details: { expected: count, found: weights.length },
  });
}
