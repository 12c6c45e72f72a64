import { ApplyRequest, EvaluateRequest, PolicyReplayRequest, Unfreeze } from "@qmtl/contracts/worlds";
import { formatInstant, parseInstant, QmtlError } from "@qmtl/core";
import type { WorldServices } from "../domain/world-services.ts";
import { askedOf, headerOf } from "./asked.ts";
import { evaluationView, explanationView } from "./explanation-view.ts";
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
      return explanationView(world, await worlds.decide(id, asOf), evaluation, strategyId);
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
