import { QmtlError } from "@qmtl/core";
import { logistic } from "./logistic.ts";

/** Resting orders at one price: a record, `[price, size]`, or where prices do not matter `[size]` or the size alone. */
export type BookLevel =
  | { readonly price: number; readonly size: number }
  | readonly [price: number, size: number]
  | readonly [size: number]
  | number;

/** Both sides, best price first. */
export interface BookSnapshot {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** `(bid - ask) / (bid + ask)`, in [-1, 1]; 0 when the sum is 0 (the operator of this name is absent there). */
export function orderBookImbalance(bidSize: number, askSize: number): number {
  return imbalanceOr(0, bidSize, askSize);
}

/** `(buy - sell) / (buy + sell)` of executed volume, in [-1, 1]; 0 when the sum is 0 (the operator is absent there). */
export function executionImbalance(buyVolume: number, sellVolume: number): number {
  return imbalanceOr(0, buyVolume, sellVolume);
}

/** The normalised difference, or `otherwise` where the sum is 0. */
export function imbalanceOr(otherwise: number, a: number, b: number): number {
  const sum = a + b;
  return sum === 0 ? otherwise : (a - b) / sum;
}

/** Total size of the first `levels` levels of each side; levels the book does not have count as empty. */
export function bookDepth(
  book: BookSnapshot,
  levels: number,
): { readonly bidDepth: number; readonly askDepth: number } {
  return { bidDepth: sizeOf(book.bids, levels), askDepth: sizeOf(book.asks, levels) };
}

/** Order-book imbalance over levels: `(B - A) / (B + A + eps)`, 0 when both sums are 0. */
export function orderBookObi(book: BookSnapshot, levels = 1, eps = 1e-9): number {
  const { bidDepth, askDepth } = bookDepth(book, levels);
  return (bidDepth - askDepth) / (bidDepth + askDepth + eps);
}

/** Imbalance of each level by itself; levels missing on both sides are NaN. */
export function orderBookImbalanceLevels(book: BookSnapshot, levels = 5): number[] {
  return Array.from({ length: levels }, (_, level) =>
    imbalanceOr(Number.NaN, levelSize(book.bids[level]), levelSize(book.asks[level])),
  );
}

/**
 * Depth slope of one side: least-squares slope of the cumulative size on the level number 1..n.
 *
 * @param sizes - resting sizes, best level first
 * @returns size per level; NaN for fewer than two levels
 */
export function orderBookDepthSlope(sizes: readonly number[]): number {
  const n = sizes.length;
  if (n < 2) return Number.NaN;
  const center = (n - 1) / 2;
  let cumulative = 0;
  let covariance = 0;
  for (const [level, size] of sizes.entries()) {
    cumulative += size;
    covariance += (level - center) * cumulative;
  }
  return covariance / ((n * (n * n - 1)) / 12);
}

/**
 * Spread over the levels of a book, weighted by their size: `sum of (ask_i - bid_i) w_i / sum of w_i` with `w_i` the
 * size on both sides; levels without size are skipped.
 *
 * @returns price units; NaN when a counted value is NaN or no level has size
 */
export function gapDepthWeightedSum(
  bidPrices: readonly number[],
  askPrices: readonly number[],
  bidSizes: readonly number[],
  askSizes: readonly number[],
): number {
  const levels = Math.min(bidPrices.length, askPrices.length, bidSizes.length, askSizes.length);
  let weighted = 0;
  let total = 0;
  for (let level = 0; level < levels; level++) {
    const weight = bidSizes[level]! + askSizes[level]!;
    if (weight <= 0) continue;
    weighted += (askPrices[level]! - bidPrices[level]!) * weight;
    total += weight;
  }
  return weighted / total;
}

/** Queue priority of an order: 1 at the head, 0 at the tail; `1 - clamp(rank, 0, size) / size`, NaN for an empty queue. */
export function priorityIndex(queueRank: number, queueSize: number): number {
  if (!(queueSize > 0)) return Number.NaN;
  return 1 - Math.min(Math.max(queueRank, 0), queueSize) / queueSize;
}

/** Price between bid and ask: `weight * ask + (1 - weight) * bid`. */
export function microPrice(bid: number, ask: number, weight: number): number {
  return weight * ask + (1 - weight) * bid;
}

/** Microprice weighted by the size on the *other* side: `(ask * bidSize + bid * askSize) / (bidSize + askSize + eps)`. */
export function sizeWeightedMicroprice(bid: number, ask: number, bidSize: number, askSize: number, eps = 1e-9): number {
  return (ask * bidSize + bid * askSize) / (bidSize + askSize + eps);
}

export interface ImbalanceWeightOptions {
  readonly method?: "linear" | "logistic";
  readonly slope?: number;
  readonly offset?: number;
  /** Imbalance is clamped to `[-clamp, clamp]` first, so that one empty side does not decide alone. */
  readonly clamp?: number;
}

/**
 * Weight in [0, 1] from an imbalance in [-1, 1]; 0.5 is balanced.
 *
 * linear: `0.5 + 0.5 * (slope * imbalance + offset)`, cut to [0, 1]; logistic: `L(slope * imbalance + offset)`.
 *
 * @throws QmtlError `PARAMETER_INVALID` for another method
 */
export function imbalanceToWeight(imbalance: number, options: ImbalanceWeightOptions = {}): number {
  const { method = "linear", slope = 1, offset = 0, clamp = 0.9 } = options;
  const x = slope * Math.min(Math.max(imbalance, -clamp), clamp) + offset;
  if (method === "logistic") return logistic(x);
  if (method === "linear") return Math.min(Math.max(0.5 + 0.5 * x, 0), 1);
  throw new QmtlError("PARAMETER_INVALID", `method must be "linear" or "logistic"; found ${JSON.stringify(method)}`);
}

/** {@link imbalanceToWeight} with the logistic method, from the sizes of both sides. */
export function logisticOrderBookWeight(
  bidSize: number,
  askSize: number,
  options: Omit<ImbalanceWeightOptions, "method"> = {},
): number {
  return imbalanceToWeight(orderBookImbalance(bidSize, askSize), { ...options, method: "logistic" });
}

function sizeOf(side: readonly BookLevel[], levels: number): number {
  let sum = 0;
  for (let level = 0; level < levels && level < side.length; level++) sum += levelSize(side[level]);
  return sum;
}

function levelSize(level: BookLevel | undefined): number {
  if (level === undefined) return 0;
  if (typeof level === "number") return level;
  if ("size" in level) return level.size;
  return level.at(-1)!;
}
