import { parsePeriod, QmtlError, shown } from "@qmtl/core";
import { readNumber, readPeriod, type GivenParams } from "../kernel-parts/index.ts";
import { windowOperator, type RowLoop } from "../transforms/window-operator.ts";

/*
 * Operators over the first `levels` levels of a book. Each level is a column of its own (`bid_size_0` is the size at
 * the best bid), so the inputs depend on the level count and every count has its own definition: a factory call.
 *
 * A level the book does not have is NaN and counts as empty; the best level of both sides must be there (0 for an
 * empty side), otherwise the snapshot is absent and so is the output.
 */

/** Total size of the first `levels` levels of each side. */
export function depth(levels = 1) {
  return windowOperator({
    name: "depth",
    inputs: sizeColumns(levels),
    outputs: ["bid_depth", "ask_depth"],
    params: (given) => ({ levels: readLevels(given, levels) }),
    loop:
      () =>
      (sizes, [bid, ask], from, to) => {
        for (let i = from; i < to; i++) {
          bid![i] = sideDepth(sizes, 0, levels, i);
          ask![i] = sideDepth(sizes, levels, levels, i);
        }
      },
  });
}

/** Change of the total depth of both sides since the row before. */
export function depthChange(levels = 1) {
  return windowOperator({
    name: "depth_change",
    inputs: sizeColumns(levels),
    outputs: ["value"],
    params: (given) => ({ levels: readLevels(given, levels) }),
    rows: () => 2,
    loop: () => {
      const total = (sizes: readonly Float64Array[], i: number) =>
        sideDepth(sizes, 0, levels, i) + sideDepth(sizes, levels, levels, i);
      return (sizes, [result], from, to) => {
        for (let i = from; i < to; i++) result![i] = total(sizes, i) - total(sizes, i - 1);
      };
    },
  });
}

/** Order-book imbalance `(B - A) / (B + A + eps)` over the first levels, in (-1, 1); 0 for a book empty on both sides. */
export function orderBookObiOperator(levels = 1) {
  return windowOperator({
    name: "order_book_obi",
    inputs: sizeColumns(levels),
    outputs: ["value"],
    params: (given) => ({ levels: readLevels(given, levels), eps: readEps(given) }),
    loop:
      ({ eps }) =>
      (sizes, [result], from, to) => {
        for (let i = from; i < to; i++) result![i] = obiAt(sizes, levels, eps, i);
      },
  });
}

/** Imbalance of each level by itself, best first; absent for a level that is empty on both sides. */
export function orderBookImbalanceLevelsOperator(levels = 5) {
  return windowOperator({
    name: "order_book_imbalance_levels",
    inputs: sizeColumns(levels),
    outputs: levelNames("level", levels),
    params: (given) => ({ levels: readLevels(given, levels) }),
    loop: () => (sizes, results, from, to) => {
      for (let level = 0; level < levels; level++) {
        const [bids, asks, result] = [sizes[level]!, sizes[levels + level]!, results[level]!];
        for (let i = from; i < to; i++) {
          const absent = !hasBook(sizes, levels, i);
          const [bid, ask] = [orEmpty(bids[i]!), orEmpty(asks[i]!)];
          result[i] = absent || bid + ask === 0 ? Number.NaN : (bid - ask) / (bid + ask);
        }
      }
    },
  });
}

/** Least-squares slope of the cumulative size of each side on the level number 1..n: size per level. */
export function orderBookDepthSlopeOperator(levels = 5) {
  requireTwoLevels("order_book_depth_slope", levels);
  return windowOperator({
    name: "order_book_depth_slope",
    inputs: sizeColumns(levels),
    outputs: ["bid_slope", "ask_slope"],
    params: (given) => ({ levels: readLevels(given, levels) }),
    loop: () => slopes(levels),
  });
}

/** {@link orderBookObiOperator} and {@link orderBookDepthSlopeOperator} of the same levels side by side. */
export function orderBookObiLAndSlope(levels = 5) {
  requireTwoLevels("order_book_obi_l_and_slope", levels);
  return windowOperator({
    name: "order_book_obi_l_and_slope",
    inputs: sizeColumns(levels),
    outputs: ["obi", "bid_slope", "ask_slope"],
    params: (given) => ({ levels: readLevels(given, levels), eps: readEps(given) }),
    loop: ({ eps }) => {
      const fillSlopes = slopes(levels);
      return (sizes, [obi, bid, ask], from, to) => {
        for (let i = from; i < to; i++) obi![i] = obiAt(sizes, levels, eps, i);
        fillSlopes(sizes, [bid!, ask!], from, to);
      };
    },
  });
}

/**
 * Spread over the levels weighted by their size: `sum of (ask_i - bid_i) w_i / sum of w_i`, `w_i` the size on both
 * sides. Levels without size are skipped; absent when none has size, or a level with size lacks a price.
 */
export function gapDepthWeightedSumOperator(levels = 1) {
  return windowOperator({
    name: "gap_depth_weighted_sum",
    inputs: [...levelNames("bid_price", levels), ...levelNames("ask_price", levels), ...sizeColumns(levels)],
    outputs: ["value"],
    params: (given) => ({ levels: readLevels(given, levels) }),
    loop:
      () =>
      (columns, [result], from, to) => {
        for (let i = from; i < to; i++) {
          let weighted = 0;
          let total = 0;
          for (let level = 0; level < levels; level++) {
            const weight = orEmpty(columns[2 * levels + level]![i]!) + orEmpty(columns[3 * levels + level]![i]!);
            if (weight <= 0) continue;
            weighted += (columns[levels + level]![i]! - columns[level]![i]!) * weight;
            total += weight;
          }
          result![i] = weighted / total;
        }
      },
  });
}

/** `bid_size_0`, ..., `ask_size_0`, ...: what the size operators of that many levels read. */
export function sizeColumns(levels: number): string[] {
  return [...levelNames("bid_size", levels), ...levelNames("ask_size", levels)];
}

/** The level count belongs to the definition, whose inputs depend on it; as a parameter it may only repeat it. */
export function readLevels(given: GivenParams, levels: number): number {
  const asked = readPeriod(given, "levels", levels);
  if (asked === levels) return levels;
  throw new QmtlError(
    "PARAMETER_INVALID",
    `levels must be ${levels}, as this definition reads; found ${shown(asked)}`,
    {
      details: { parameter: "levels", expected: levels, found: asked },
      hint: `build the definition for ${asked} levels`,
    },
  );
}

export function readEps(given: GivenParams): number {
  return readNumber(given, "eps", 1e-9, { min: 0 });
}

/** Imbalance of row i over size columns as {@link sizeColumns} orders them. */
export function obiAt(sizes: readonly Float64Array[], levels: number, eps: number, i: number): number {
  const bid = sideDepth(sizes, 0, levels, i);
  const ask = sideDepth(sizes, levels, levels, i);
  return bid + ask === 0 ? 0 : (bid - ask) / (bid + ask + eps);
}

function slopes(levels: number): RowLoop {
  const center = (levels - 1) / 2;
  const squares = (levels * (levels * levels - 1)) / 12;
  const slope = (sizes: readonly Float64Array[], first: number, i: number): number => {
    let cumulative = 0;
    let covariance = 0;
    for (let level = 0; level < levels; level++) {
      cumulative += orEmpty(sizes[first + level]![i]!);
      covariance += (level - center) * cumulative;
    }
    return covariance / squares;
  };
  return (sizes, [bid, ask], from, to) => {
    for (let i = from; i < to; i++) {
      const there = hasBook(sizes, levels, i);
      bid![i] = there ? slope(sizes, 0, i) : Number.NaN;
      ask![i] = there ? slope(sizes, levels, i) : Number.NaN;
    }
  };
}

function sideDepth(sizes: readonly Float64Array[], first: number, levels: number, i: number): number {
  let sum = sizes[first]![i]!; // the best level, not optional: its NaN is the snapshot's
  for (let level = 1; level < levels; level++) sum += orEmpty(sizes[first + level]![i]!);
  return sum;
}

function hasBook(sizes: readonly Float64Array[], levels: number, i: number): boolean {
  return !Number.isNaN(sizes[0]![i]! + sizes[levels]![i]!);
}

function orEmpty(size: number): number {
  return Number.isNaN(size) ? 0 : size;
}

function levelNames(field: string, levels: number): string[] {
  return Array.from({ length: parsePeriod(levels, "levels") }, (_, level) => `${field}_${level}`);
}

function requireTwoLevels(operator: string, levels: number): void {
  if (levels >= 2) return;
  throw new QmtlError("PARAMETER_INVALID", `${operator} needs at least 2 levels; found ${shown(levels)}`);
}
