import { QmtlError } from "@qmtl/core";
import { logistic } from "./logistic.ts";
import { executionCost } from "./market-impact.ts";

/**
 * Limit-order liquidity replenishment and take index: net depth change per unit of time around a price move.
 *
 * @param depthChanges - changes of resting size over the step
 * @param priceChange - over the same step
 * @param durationMs - length of the step, any time unit; the result is per that unit
 * @param threshold - moves not larger than this give 0
 * @returns size per unit of time; 0 for small moves and for a step without length
 */
export function llrti(
  depthChanges: readonly number[],
  priceChange: number,
  durationMs: number,
  threshold: number,
): number {
  if (!(Math.abs(priceChange) > threshold) || !(durationMs > 0)) return 0;
  let sum = 0;
  for (const change of depthChanges) sum += change;
  return sum / durationMs;
}

/** 1 where the absolute price change reaches the threshold, else 0. */
export function labelJumps(priceChanges: readonly number[], threshold: number): number[] {
  return priceChanges.map((change) => (Math.abs(change) >= threshold ? 1 : 0));
}

/** Mean absolute size of the jumps seen; 0 when there was none. */
export function expectedJump(jumps: readonly number[]): number {
  let sum = 0;
  for (const jump of jumps) sum += Math.abs(jump);
  return jumps.length === 0 ? 0 : sum / jumps.length;
}

/** Intercept first, then one weight per feature. */
export type JumpModel = readonly number[];

/**
 * Logistic regression of jump labels on features, by batch gradient descent from zero weights.
 *
 * @param rows - one feature vector per label, all of one length; at least one
 * @param labels - 0 or 1
 * @throws QmtlError `PARAMETER_INVALID` when lengths do not match or there are no rows
 */
export function fitLlrtiJumpModel(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  options: { readonly learningRate?: number; readonly epochs?: number } = {},
): JumpModel {
  const { learningRate = 0.1, epochs = 100 } = options;
  const features = rows[0]?.length ?? 0;
  const ragged = rows.findIndex((row) => row.length !== features);
  if (rows.length === 0 || rows.length !== labels.length || ragged >= 0) {
    const found = ragged >= 0 ? `row ${ragged} has ${rows[ragged]!.length} features, row 0 has ${features}` : undefined;
    throw new QmtlError(
      "PARAMETER_INVALID",
      `expected as many feature rows as labels, at least one, all of one length; found ${found ?? `${rows.length} rows and ${labels.length} labels`}`,
      { details: { rows: rows.length, labels: labels.length } },
    );
  }
  const weights = Array.from({ length: features + 1 }, () => 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const gradient = Array.from({ length: features + 1 }, () => 0);
    for (const [index, row] of rows.entries()) {
      const error = llrtiJumpProbability(row, weights) - labels[index]!;
      gradient[0]! += error;
      for (let k = 0; k < features; k++) gradient[k + 1]! += error * row[k]!;
    }
    for (let k = 0; k < weights.length; k++) weights[k]! -= (learningRate * gradient[k]!) / rows.length;
  }
  return weights;
}

/**
 * Probability of a jump under a fitted model.
 *
 * @throws QmtlError `PARAMETER_INVALID` when the model has another number of features
 */
export function llrtiJumpProbability(features: readonly number[], model: JumpModel): number {
  if (model.length !== features.length + 1) {
    throw new QmtlError(
      "PARAMETER_INVALID",
      `expected ${features.length + 1} weights, the intercept first; found ${model.length}`,
      { details: { expected: features.length + 1, found: model.length } },
    );
  }
  let exponent = model[0]!;
  for (const [index, value] of features.entries()) exponent += model[index + 1]! * value;
  return logistic(exponent);
}

export interface LlrtiHazardInput {
  readonly depthChanges: readonly number[];
  readonly priceChange: number;
  readonly durationMs: number;
  readonly threshold: number;
  /** Fitted on features whose first is the index itself. */
  readonly model: JumpModel;
  /** Features after the index. */
  readonly features?: readonly number[];
  /** Past jumps, for the expected size. */
  readonly jumps: readonly number[];
  readonly spread?: number;
  readonly takerFee?: number;
  readonly impact?: number;
}

export interface LlrtiHazard {
  readonly llrti: number;
  readonly hazard: number;
  readonly expectedJump: number;
  readonly hazardJump: number;
  /** Only when spread, taker fee and impact were all given. */
  readonly cost?: number;
}

/** The index, the jump probability it implies, and their product with the expected jump. */
export function llrtiHazard(input: LlrtiHazardInput): LlrtiHazard {
  const index = llrti(input.depthChanges, input.priceChange, input.durationMs, input.threshold);
  const hazard = llrtiJumpProbability([index, ...(input.features ?? [])], input.model);
  const jump = expectedJump(input.jumps);
  const { spread, takerFee, impact } = input;
  const priced = spread !== undefined && takerFee !== undefined && impact !== undefined;
  return {
    llrti: index,
    hazard,
    expectedJump: jump,
    hazardJump: hazard * jump,
    ...(priced && { cost: executionCost(spread, takerFee, impact) }),
  };
}
