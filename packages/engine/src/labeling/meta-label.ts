import { QmtlError, shown } from "@qmtl/core";
import { readSide, type Side } from "./barriers.ts";
import type { LabelOutcome, TripleBarrierLabel } from "./triple-barrier.ts";

export interface MetaLabel {
  readonly entryId: string;
  /** 1 when the entry was taken and reached its profit target. */
  readonly label: 0 | 1;
  readonly reason: LabelOutcome | "entry_filtered";
}

/**
 * Whether it was right to act on a signal: the label of a second model that decides to take or skip entries.
 *
 * @param decision - of the entry filter, 1 to take it; its side must be that of the label
 * @throws QmtlError `PARAMETER_INVALID` for another decision than 0 or 1, or another side
 */
export function metaLabel(
  label: Pick<TripleBarrierLabel, "entryId" | "side" | "outcome">,
  decision: { readonly entryDecision: number; readonly side: Side | "buy" | "sell" },
): MetaLabel {
  const { entryDecision } = decision;
  const side = readSide(decision.side);
  if (entryDecision !== 0 && entryDecision !== 1) {
    throw new QmtlError("PARAMETER_INVALID", `entryDecision must be 0 or 1; found ${shown(entryDecision)}`);
  }
  if (side !== label.side) {
    throw new QmtlError("PARAMETER_INVALID", `side must be that of the label, "${label.side}"; found "${side}"`);
  }
  if (entryDecision === 0) return { entryId: label.entryId, label: 0, reason: "entry_filtered" };
  return { entryId: label.entryId, label: label.outcome === "profit_target" ? 1 : 0, reason: label.outcome };
}
