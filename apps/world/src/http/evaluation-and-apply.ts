import { ApplyRequest, EvaluateRequest, PolicyReplayRequest, Unfreeze } from "@qmtl/contracts/worlds";
import { formatInstant, nearestWord, parseInstant, QmtlError } from "@qmtl/core";
import { activationOf } from "@qmtl/policy/activation";
import type { Evaluation } from "../domain/evaluations.ts";
import type { WorldServices } from "../domain/world-services.ts";
import type { WorldState } from "../store/world-state.ts";
import { askedOf, headerOf } from "./asked.ts";
import { wholeNumber, type AddRoute } from "./route.ts";
import { worldView } from "./worlds-and-policies.ts";

/** What the policy says, and carrying it out. */
export function addEvaluations(
  route: AddRoute,
  { worlds, evaluations, applies, protocol, store }: WorldServices,
): void {
  route(
    "POST",
    "/worlds/:id/evaluate",
    { role: "operator", body: EvaluateRequest, summary: "what the policy says, changing no activation" },
    async ({ request, id, body }) => evaluationView(await evaluations.evaluate(id, askedOf(request, "evaluate"), body)),
  );
  route(
    "GET",
    "/worlds/:id/explain",
    { role: "reader", summary: "why: every input, gate, score and constraint, and the rule that decided" },
    async ({ request, id }) => {
      const world = await store.current(id);
      const { evaluation_id: evaluationId, as_of: asOf, strategy_id: strategyId } = request.query;
      const evaluation =
        evaluationId === undefined
          ? await evaluations.latest(id, asOf === undefined ? undefined : parseInstant(asOf, "as_of"))
          : await evaluations.get(id, evaluationId);
      if (strategyId !== undefined) requireKnown(strategyId, world, evaluation);
      const { phase, killed, run } = world.record;
      return {
        decision: await worlds.decide(id, asOf),
        phase,
        killed,
        run,
        activation: activationView(world, strategyId),
        ...(evaluation === undefined ? noEvaluation : explanationView(evaluation, strategyId)),
      };
    },
  );
  route(
    "POST",
    "/worlds/:id/replay-policy",
    { role: "reader", body: PolicyReplayRequest, summary: "what a policy would have said to recorded evaluations" },
    async ({ id, body }) => {
      await store.current(id);
      const replay = await evaluations.replay(id, body.policy, body.from, body.to);
      return {
        policy_checksum: replay.policyChecksum,
        differing: replay.differing,
        evaluations: replay.evaluations.map((one) => ({
          evaluation_id: one.evaluationId,
          decided_at: formatInstant(one.decidedAtMs),
          recorded: one.recorded,
          replayed: one.replayed,
          added: one.added,
          removed: one.removed,
          decided_by: one.decidedBy,
        })),
      };
    },
  );
  route(
    "POST",
    "/worlds/:id/apply",
    { role: "operator", body: ApplyRequest, summary: "freeze, switch, unfreeze" },
    async ({ request, id, body }) => {
      const waitMs = Math.min(wholeNumber(request.query["wait_ms"] ?? String(applyWaitMs), "wait_ms"), applyWaitMsMax);
      const { run, active } = await applies.apply(
        id,
        askedOf(request, "apply"),
        body,
        headerOf(request, "if-match"),
        waitMs,
      );
      if (run.stage === "rolled_back") {
        throw new QmtlError("APPLY_FAILED", `apply "${run.runId}" was rolled back: ${run.error ?? "unknown"}`, {
          details: { run_id: run.runId, phase: run.stage, active },
          hint: "the world stays frozen: unfreeze it with a reason, or apply again under another run id",
        });
      }
      return { ok: true, run_id: run.runId, active, phase: phaseNames[run.stage] };
    },
  );
  route(
    "POST",
    "/worlds/:id/unfreeze",
    { role: "operator", body: Unfreeze, summary: "open a world that was rolled back" },
    async ({ request, id, body }) =>
      worldView(await protocol.unfreeze(id, askedOf(request, "unfreeze"), body.reason, body.expected_epoch)),
  );
}

const applyWaitMs = 250;
const applyWaitMsMax = 10_000;

/** The names older clients know, and the end of an apply. */
const phaseNames = {
  freezing: "freeze",
  frozen: "freeze",
  switched: "switch",
  completed: "completed",
  rolled_back: "rolled_back",
} as const;

const noEvaluation = {
  evaluation_id: null,
  explanation: null,
  hint: "no policy has been evaluated: what is active was activated by an apply with a plan, or by hand",
} as const;

/** What strategies may do now, and which apply said so; `by_run` is empty for an entry that was written by hand. */
function activationView({ activation, activationRows }: WorldState, strategyId: string | undefined): unknown[] {
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

/** An evaluation with all its reasons; of one strategy where one is named. */
function explanationView(evaluation: Evaluation, strategyId: string | undefined): Record<string, unknown> {
  const { decision, inputs } = evaluation;
  const { strategies, ...explanation } = decision.explanation;
  const only = <Value>(all: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
    strategyId === undefined ? all : Object.fromEntries(Object.entries(all).filter(([id]) => id === strategyId));
  return {
    ...evaluationView(evaluation),
    explanation: { ...explanation, strategies: only(strategies) },
    inputs: { ...inputs, strategies: only(inputs.strategies), memory: only(inputs.memory) },
  };
}

function evaluationView({
  evaluationId,
  decidedMs,
  policyVersion,
  policy,
  decision,
}: Evaluation): Record<string, unknown> {
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
