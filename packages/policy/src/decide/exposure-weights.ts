import type { ExposureRules } from "../document/index.ts";
import { step, type Candidate } from "./candidate.ts";

/**
 * Weights in [0, 1] under which the active strategies keep within the budgets: full weight, scaled down by sector, then
 * by side, then all together. Each step only lowers, so that what an earlier one has reached stays.
 */
export function exposureWeights(
  rules: ExposureRules | undefined,
  active: readonly Candidate[],
): ReadonlyMap<string, number> {
  const weights = new Map(active.map(({ id }) => [id, 1]));
  if (rules === undefined) return weights;
  const known = active.filter((one) => {
    if (grossOf(one) >= 0) return true;
    weights.set(one.id, 0);
    step(one, { rule: "exposure", verdict: "note", reason: "its gross exposure is not a finite number from 0" });
    return false;
  });
  const scale = (rule: string, members: readonly Candidate[], budget: number | undefined): void => {
    if (budget === undefined) return;
    const used = members.reduce((total, one) => total + grossOf(one) * weights.get(one.id)!, 0);
    if (used <= budget) return;
    for (const one of members) {
      weights.set(one.id, weights.get(one.id)! * (budget / used));
      const reason = `${members.length} strategies would use ${used} of a budget of ${budget}: weights are scaled`;
      step(one, { rule, verdict: "note", reason, found: used, expected: budget });
    }
  };
  const sectors = new Set(known.map(({ inputs }) => inputs.sector ?? ""));
  for (const sector of sectors) {
    const members = known.filter(({ inputs }) => (inputs.sector ?? "") === sector);
    // Strategies without a sector have none in common.
    if (sector === "") for (const one of members) scale("exposure.sector_cap", [one], rules.sectorCap);
    else scale("exposure.sector_cap", members, rules.sectorCap);
  }
  const onSide = (side: string): Candidate[] => known.filter(({ inputs }) => (inputs.side ?? "long") === side);
  scale("exposure.gross_budget.long", onSide("long"), rules.grossLong);
  scale("exposure.gross_budget.short", onSide("short"), rules.grossShort);
  scale("exposure.max_leverage", known, rules.maxLeverage);
  return weights;
}

function grossOf({ inputs: { gross = 1 } }: Candidate): number {
  return Number.isFinite(gross) ? gross : Number.NaN;
}
