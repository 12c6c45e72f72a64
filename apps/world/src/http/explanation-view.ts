import { formatInstant, nearestWord, QmtlError, type EpochMs } from "@qmtl/core";
import { activationOf } from "@qmtl/policy/activation";
import type { Explanation, StrategyInputs, StrategyMemory } from "@qmtl/policy/decide";
import type { DecisionEnvelope } from "../domain/decision-envelope.ts";
import type { Evaluation } from "../domain/evaluations.ts";
import type { WorldState } from "../store/world-state.ts";

type View = Record<string, unknown>;

/** What an evaluation came to. */
export function evaluationView({ evaluationId, decidedMs, policyVersion, policy, decision }: Evaluation): View {
  const { active, topK, promote, demote, entries, dataIsCurrent, explanation } = decision;
  return {
    evaluation_id: evaluationId,
    as_of: formatInstant(decidedMs),
    policy_version: policyVersion,
    policy_checksum: policy.checksum,
    active,
    topk: topK,
    promote,
    demote,
    data_is_current: dataIsCurrent,
    entries: entries.map(({ strategyId, ...entry }) => ({ strategy_id: strategyId, ...entry })),
    notes: Object.entries(explanation.strategies).map(([id, { active: isActive, decidedBy }]) => ({
      strategy_id: id,
      active: isActive,
      decided_by: decidedBy,
    })),
  };
}

/**
 * Why a world allows what it allows: its decision, its activation and who wrote it, and the last evaluation with every
 * input and reason. Of one strategy where one is named.
 *
 * @throws QmtlError `EVALUATION_NOT_FOUND` for a strategy the world has never heard of
 */
export function explanationView(
  world: WorldState,
  decision: DecisionEnvelope,
  evaluation: Evaluation | undefined,
  strategyId: string | undefined,
): View {
  if (strategyId !== undefined) requireKnown(strategyId, world, evaluation);
  const { phase, killed, run } = world.record;
  return {
    decision,
    phase,
    killed,
    run: run === null ? null : { run_id: run.runId, stage: run.stage, error: run.error },
    activation: activationView(world, strategyId),
    ...(evaluation === undefined ? noEvaluation : reasonsView(evaluation, strategyId)),
  };
}

const noEvaluation = {
  evaluation_id: null,
  explanation: null,
  hint: "no policy has been evaluated: what is active was activated by an apply with a plan, or by hand",
} as const;

/** What strategies may do now, and which apply said so; `by_run` is empty for an entry that was written by hand. */
function activationView({ activation, activationRows }: WorldState, strategyId: string | undefined): View[] {
  const runs = new Map(activationRows.map((row) => [`${row.strategy_id} ${row.side}`, row.run_id]));
  return [...activation.values()]
    .filter((entry) => strategyId === undefined || entry.strategyId === strategyId)
    .map((entry) => ({
      strategy_id: entry.strategyId,
      side: entry.side,
      state: activationOf(entry),
      weight: entry.weight,
      by_run: runs.get(`${entry.strategyId} ${entry.side}`) ?? "",
    }));
}

function reasonsView(evaluation: Evaluation, strategyId: string | undefined): View {
  const { inputs, decision } = evaluation;
  const each = <Value>(all: Readonly<Record<string, Value>>, view: (value: Value) => View): View =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([id]) => strategyId === undefined || id === strategyId)
        .map(([id, value]) => [id, view(value)]),
    );
  return {
    ...evaluationView(evaluation),
    explanation: {
      policy_checksum: decision.explanation.policyChecksum,
      decided_at: formatInstant(decision.explanation.decidedAtMs),
      strategies: each(decision.explanation.strategies, strategyView),
    },
    inputs: {
      decided_at: formatInstant(inputs.decidedAtMs),
      strategies: each(inputs.strategies, inputsView),
      correlations: inputs.correlations,
      memory: each(inputs.memory, memoryView),
    },
  };
}

function strategyView({ decidedBy, ...reasons }: Explanation["strategies"][string]): View {
  return { ...reasons, decided_by: decidedBy };
}

/** As a request names them. */
function inputsView({ data, ...inputs }: StrategyInputs): View {
  if (data === undefined) return inputs;
  const { startMs, endMs, barAlignment } = data;
  return {
    ...inputs,
    data: { data_start: instantOf(startMs), data_end: instantOf(endMs), bar_alignment: barAlignment ?? null },
  };
}

function memoryView({ sinceMs, ...memory }: StrategyMemory): View {
  return { ...memory, since: instantOf(sinceMs) };
}

function instantOf(timeMs: EpochMs | null | undefined): string | null {
  return timeMs === undefined || timeMs === null ? null : formatInstant(timeMs);
}

function requireKnown(strategyId: string, world: WorldState, evaluation: Evaluation | undefined): void {
  const evaluated = evaluation === undefined ? [] : Object.keys(evaluation.inputs.strategies);
  const active = Array.from(world.activation.values(), (entry) => entry.strategyId);
  const known = new Set([...world.bindings, ...active, ...evaluated]);
  if (known.has(strategyId)) return;
  const guess = nearestWord(strategyId, [...known]);
  throw new QmtlError("EVALUATION_NOT_FOUND", `world "${world.row.id}" knows no strategy "${strategyId}"`, {
    details: { world_id: world.row.id, strategy_id: strategyId },
    hint:
      guess === undefined ? "strategies are known once they were submitted to the world" : `did you mean "${guess}"?`,
  });
}
