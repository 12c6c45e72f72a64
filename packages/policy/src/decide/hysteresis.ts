import type { Policy } from "../document/index.ts";
import { durationText, step, type Candidate } from "./candidate.ts";
import type { DecisionInputs, StrategyMemory } from "./decision-input.ts";

const forgotten: StrategyMemory = { active: false, sinceMs: null, passes: 0, fails: 0 };

/**
 * Whether a strategy that ranking wants in, or out, really goes. Counts evaluations in a row, and the time since the
 * last change from the decision time of the inputs (W-9).
 */
export function settle(
  { hysteresis }: Policy,
  one: Candidate,
  chosen: boolean,
  { memory, decidedAtMs }: DecisionInputs,
): StrategyMemory {
  const before = (Object.hasOwn(memory, one.id) ? memory[one.id] : undefined) ?? forgotten;
  const wanted = chosen && withinBand(hysteresis.band, one, before.active);
  const passes = wanted ? before.passes + 1 : 0;
  const fails = wanted ? 0 : before.fails + 1;
  const stay = (): StrategyMemory => ({ active: before.active, sinceMs: before.sinceMs, passes, fails });
  if (wanted === before.active) return stay();

  const change = (): StrategyMemory => ({ active: wanted, sinceMs: decidedAtMs, passes, fails });
  if (one.unknown) {
    step(one, { rule: "hysteresis", verdict: "note", reason: "what is not known is not kept" });
    return change();
  }
  const [count, needed, rule] = wanted
    ? ([passes, hysteresis.promoteAfter, "hysteresis.promote_after"] as const)
    : ([fails, hysteresis.demoteAfter, "hysteresis.demote_after"] as const);
  if (count < needed) {
    hold(one, before.active, rule, `${count} evaluations in a row say so; ${needed} are needed`);
    return stay();
  }
  const dwelledMs = before.sinceMs === null ? Infinity : decidedAtMs - before.sinceMs;
  if (dwelledMs < hysteresis.minDwellMs) {
    const least = durationText(hysteresis.minDwellMs);
    const reason = `changed ${durationText(dwelledMs)} ago; it stays for at least ${least}`;
    hold(one, before.active, "hysteresis.min_dwell", reason);
    return stay();
  }
  return change();
}

function withinBand(band: Policy["hysteresis"]["band"], one: Candidate, wasActive: boolean): boolean {
  if (band === undefined) return true;
  const value = Object.hasOwn(one.scope.metrics, band.metric) ? one.scope.metrics[band.metric] : undefined;
  const known = typeof value === "number" && Number.isFinite(value);
  const bound = wasActive ? band.exit : band.enter;
  const rule = wasActive ? "hysteresis.exit" : "hysteresis.enter";
  const passes = known && value >= bound;
  const reason = `${band.metric} is ${known ? value : "missing or not finite"}; at least ${bound} is needed`;
  step(one, { rule, verdict: passes ? "pass" : "fail", reason }, !known);
  return passes;
}

// What holds a strategy where it was is what decided.
function hold(one: Candidate, active: boolean, rule: string, reason: string): void {
  step(one, { rule, verdict: active ? "pass" : "fail", reason });
  one.decidedBy = rule;
}
