import { QmtlError, shown, type EpochMs } from "@qmtl/core";
import type { Side } from "./barriers.ts";

/** What is known when a trade is entered. */
export interface CostQuery {
  readonly timeMs: EpochMs;
  readonly price: number;
  readonly side: Side;
  readonly symbol: string | null;
}

/** Both as fractions of the entry price. */
export interface CostEstimate {
  /** Round trip. */
  readonly cost: number;
  /** Edge that a trade must have beyond its cost. */
  readonly minEdge: number;
}

/** Estimates once, at entry: a label must not depend on costs seen later. */
export interface LabelCostModel {
  readonly id: string;
  estimate(query: CostQuery): CostEstimate;
}

/** Trades are free. */
export const nullCostModel: LabelCostModel = { id: "null", estimate: () => ({ cost: 0, minEdge: 0 }) };

/**
 * A fixed number of basis points for the round trip.
 *
 * @throws QmtlError `PARAMETER_INVALID` for negative basis points
 */
export function fixedBpsCostModel(totalCostBps: number, minEdgeBps = 0): LabelCostModel {
  for (const [name, value] of Object.entries({ totalCostBps, minEdgeBps })) {
    if (!(Number.isFinite(value) && value >= 0)) {
      throw new QmtlError("PARAMETER_INVALID", `${name} must be a finite number, at least 0; found ${shown(value)}`);
    }
  }
  const estimate = { cost: totalCostBps / 10_000, minEdge: minEdgeBps / 10_000 };
  return { id: `fixed_bps(${totalCostBps},${minEdgeBps})`, estimate: () => estimate };
}
