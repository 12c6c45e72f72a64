import { compareCodePoints, type EpochMs, type ExecutionDomain } from "@qmtl/core";
import { activationKey, type ActivationEntry, type ActivationTable, type EffectiveMode } from "@qmtl/policy/activation";
import type { Decision, StrategyMemory } from "@qmtl/policy/decide";
import type { Selectable } from "kysely";
import type { WorldTables } from "../store/tables.ts";
import type { ActivationRow, WorldState } from "../store/world-state.ts";

/** What an apply makes of a world; written down before it begins. */
export interface RunTarget {
  readonly entries: readonly ActivationEntry[];
  readonly decisions: readonly string[];
  readonly memory: Readonly<Record<string, StrategyMemory>>;
  readonly mode: EffectiveMode;
  readonly dataIsCurrent: boolean;
  readonly decidedMs: EpochMs;
  readonly disableBefore: readonly ExecutionDomain[];
  readonly enableAfter: readonly ExecutionDomain[];
}

/** What the world was before, row by row. */
export interface RunSnapshot {
  readonly activation: readonly ActivationRow[];
  readonly decisions: string;
  readonly memory: string;
  readonly mode: string;
  readonly dataIsCurrent: number;
  readonly decidedMs: EpochMs;
  readonly overrides: readonly Selectable<WorldTables["world_edge_overrides"]>[];
}

/** Entries after a plan: those it names go in or out, the rest stays. A strategy without an entry gets a long one. */
export function entriesOfPlan(
  { activation, decisions }: WorldState,
  plan: { readonly activate: readonly string[]; readonly deactivate: readonly string[] },
  drainDemoted: boolean,
): { readonly entries: readonly ActivationEntry[]; readonly active: readonly string[] } {
  const wanted = new Set(decisions);
  for (const id of plan.deactivate) wanted.delete(id);
  for (const id of plan.activate) wanted.add(id);
  const active = [...wanted].sort(compareCodePoints);
  const entries = [...activation.values()].map((entry) => {
    const weight = entry.weight > 0 ? entry.weight : 1;
    return wanted.has(entry.strategyId) ? entered(entry, weight) : left(entry, drainDemoted);
  });
  const known = new Set(entries.map(({ strategyId }) => strategyId));
  for (const strategyId of active) if (!known.has(strategyId)) entries.push(entered(blank(strategyId, "long"), 1));
  return { entries, active };
}

/** What hysteresis remembers after a plan: whom it has moved, it has moved now. */
export function memoryOfPlan(
  { memory, decisions }: WorldState,
  active: readonly string[],
  decidedMs: EpochMs,
): RunTarget["memory"] {
  const after: Record<string, StrategyMemory> = { ...memory };
  for (const id of new Set([...decisions, ...active])) {
    const isActive = active.includes(id);
    if (isActive !== decisions.includes(id)) after[id] = { active: isActive, sinceMs: decidedMs, passes: 0, fails: 0 };
  }
  return after;
}

/** Entries after a policy's decision; sides the decision says nothing of go out. */
export function entriesOfDecision(
  activation: ActivationTable,
  decision: Decision,
  drainDemoted: boolean,
): readonly ActivationEntry[] {
  const entries = new Map(activation);
  for (const [key, entry] of activation) entries.set(key, left(entry, drainDemoted));
  for (const { strategyId, side, active, weight } of decision.entries) {
    const key = activationKey(strategyId, side);
    const before = activation.get(key);
    if (active) entries.set(key, entered(before ?? blank(strategyId, side), weight));
    else if (before === undefined) entries.set(key, blank(strategyId, side));
  }
  return [...entries.values()];
}

/** Entries that differ from what the table holds. */
export function changedEntries(table: ActivationTable, entries: readonly ActivationEntry[]): ActivationEntry[] {
  return entries.filter((entry) => {
    const before = table.get(activationKey(entry.strategyId, entry.side));
    return before === undefined || fields.some((field) => before[field] !== entry[field]);
  });
}

const fields = ["active", "weight", "freeze", "drain", "effectiveMode"] as const;

function blank(strategyId: string, side: ActivationEntry["side"]): ActivationEntry {
  return { strategyId, side, active: false, weight: 0, freeze: false, drain: false, effectiveMode: null };
}

function entered(entry: ActivationEntry, weight: number): ActivationEntry {
  return { ...entry, active: true, weight, freeze: false, drain: false };
}

// Who was in and goes out may shrink its positions, where the policy says so.
function left(entry: ActivationEntry, drain: boolean): ActivationEntry {
  return { ...entry, active: false, weight: 0, freeze: false, drain: entry.drain || (drain && entry.active) };
}
