import { compareCodePoints } from "@qmtl/core";
import type { Policy } from "../document/index.ts";
import { evaluate, type Scope } from "../expression/index.ts";
import { linearityMetrics, portfolioLinearityMetrics } from "../linearity/index.ts";
import { step, type Candidate } from "./candidate.ts";
import type { Decision, StrategyExplanation } from "./decision.ts";
import type { DecisionInputs, StrategyInputs, StrategyMemory } from "./decision-input.ts";
import { exposureWeights } from "./exposure-weights.ts";
import { settle } from "./hysteresis.ts";
import { judge } from "./judge.ts";

/**
 * What a policy says of these inputs. Pure: no clock, no state, no order of keys (W-8, W-9).
 *
 * In the documented order: data currency, sample, evidence → gates, thresholds → score → constraints (correlation) →
 * top-k → hysteresis → exposure. A policy without a score, in the older form, takes top-k before correlation. A strategy
 * that lacks data, a metric or evidence is out whatever hysteresis would keep.
 */
export function decide(policy: Policy, inputs: DecisionInputs): Decision {
  const ids = Object.keys(inputs.strategies).sort(compareCodePoints);
  const portfolio = portfolioLinearityMetrics(ids.map((id) => inputs.strategies[id]!.series ?? {}));
  const candidates = ids.map((id) => candidate(id, inputs.strategies[id]!, portfolio));
  let current = policy.dataCurrency === undefined;
  for (const one of candidates) {
    const verdict = judge(policy, one, inputs.decidedAtMs);
    current ||= verdict.dataIsCurrent;
  }

  let chosen = ranked(policy, candidates);
  if (policy.score === undefined) chosen = uncorrelated(policy, topK(policy, chosen), inputs.correlations);
  else chosen = topK(policy, uncorrelated(policy, chosen, inputs.correlations));

  const wanted = new Set(chosen.map(({ id }) => id));
  const memory: Record<string, StrategyMemory> = {};
  for (const one of candidates) memory[one.id] = settle(policy, one, wanted.has(one.id), inputs);
  const active = [...candidates].filter(({ id }) => memory[id]!.active).sort(byScore);
  const weights = exposureWeights(policy.exposure, active);

  const strategies: Record<string, StrategyExplanation> = {};
  for (const { id, scope, steps, score, decidedBy } of candidates) {
    strategies[id] = {
      active: memory[id]!.active,
      weight: weights.get(id) ?? 0,
      decidedBy,
      score: Number.isFinite(score) ? score : null,
      metrics: finiteMetrics(scope),
      steps,
    };
  }
  const was = (id: string): boolean => inputs.memory[id]?.active === true;
  return {
    active: active.map(({ id }) => id),
    entries: candidates.map(({ id, inputs: { side } }) => ({
      strategyId: id,
      side: side ?? "long",
      active: memory[id]!.active,
      weight: weights.get(id) ?? 0,
    })),
    topK: chosen.map(({ id }) => id),
    promote: active.map(({ id }) => id).filter((id) => !was(id)),
    demote: Object.keys(inputs.memory)
      .filter((id) => was(id) && memory[id]?.active !== true)
      .sort(compareCodePoints),
    dataIsCurrent: current && candidates.length > 0,
    memory,
    explanation: { policyChecksum: policy.checksum, decidedAtMs: inputs.decidedAtMs, strategies },
  };
}

function candidate(id: string, inputs: StrategyInputs, portfolio: Readonly<Record<string, number>>): Candidate {
  const metrics = onlyPositiveZeros({ ...portfolio, ...linearityMetrics(inputs.series ?? {}), ...inputs.metrics });
  const { parity, lookahead, manifest, trials } = inputs.evidence ?? {};
  const evidence = { parity, lookahead, manifest, trials };
  const { side = "long", sector = "", tags = [] } = inputs;
  const scope: Scope = { metrics, evidence, strategyId: id, side, sector, tags };
  return { id, inputs, scope, steps: [], score: Number.NaN, in: true, unknown: false, decidedBy: "policy" };
}

// A decision is written down and read again, and JSON has one zero.
function onlyPositiveZeros(metrics: Record<string, number | null>): Record<string, number | null> {
  for (const [name, value] of Object.entries(metrics)) if (Object.is(value, -0)) metrics[name] = 0;
  return metrics;
}

// ---- ranking

function ranked(policy: Policy, candidates: readonly Candidate[]): Candidate[] {
  const metric = policy.topK?.metric;
  for (const one of candidates) {
    if (policy.score !== undefined) {
      const result = evaluate(policy.score, one.scope);
      if (result.kind === "value" && typeof result.value === "number") {
        one.score = result.value + 0;
        step(one, { rule: "score", verdict: "note", reason: policy.score.source, found: one.score });
      } else {
        const reason = result.kind === "none" ? result.reason : "the score is true or false, not a number";
        step(one, { rule: "score", verdict: one.in ? "fail" : "note", reason }, true);
      }
    } else if (metric !== undefined) {
      const value = one.scope.metrics[metric];
      if (typeof value === "number" && Number.isFinite(value)) one.score = value;
      else {
        const reason = `metric "${metric}" is missing or not finite`;
        step(one, { rule: "top_k", verdict: one.in ? "fail" : "note", reason }, true);
      }
    }
  }
  return candidates.filter((one) => one.in).sort(byScore);
}

// Best first; equal scores, and none at all, in order of ids.
function byScore(a: Candidate, b: Candidate): number {
  return (Number.isNaN(b.score) ? 0 : b.score) - (Number.isNaN(a.score) ? 0 : a.score) || compareCodePoints(a.id, b.id);
}

function topK(policy: Policy, chosen: readonly Candidate[]): Candidate[] {
  const { topK: rule } = policy;
  if (rule === undefined) return [...chosen];
  const room = { total: rule.total ?? Infinity, long: rule.long ?? Infinity, short: rule.short ?? Infinity };
  return chosen.filter((one) => {
    const side = one.inputs.side ?? "long";
    const full = room.total === 0 ? "total" : room[side] === 0 ? side : undefined;
    if (full !== undefined) {
      const reason = `the ${full === "total" ? "" : `${full} `}places are taken by better ones`;
      step(one, { rule: full === "total" ? "topk.total" : `topk.by_side.${full}`, verdict: "fail", reason });
      return false;
    }
    room.total -= 1;
    room[side] -= 1;
    step(one, { rule: "topk", verdict: "pass", reason: "within the best" });
    return true;
  });
}

function uncorrelated(
  policy: Policy,
  chosen: readonly Candidate[],
  correlations: DecisionInputs["correlations"],
): Candidate[] {
  const { correlation: rule } = policy;
  if (rule === undefined || correlations.length === 0) return [...chosen];
  const byPair = new Map<string, number>();
  for (const [a, b, value] of correlations) byPair.set(pairKey(a, b), value).set(pairKey(b, a), value);
  const accepted: Candidate[] = [];
  for (const one of chosen) {
    const clash = accepted.find(({ id }) => !(Math.abs(byPair.get(pairKey(id, one.id)) ?? 0) <= rule.max));
    if (clash === undefined) {
      accepted.push(one);
      step(one, { rule: "correlation", verdict: "pass", reason: `at most ${rule.max} with each better one` });
      continue;
    }
    const found = byPair.get(pairKey(clash.id, one.id))!;
    const reason = `correlation with "${clash.id}" is ${found}; at most ${rule.max} is allowed`;
    step(one, { rule: "correlation", verdict: "fail", reason, found: Number.isFinite(found) ? found : null });
  }
  return accepted;
}

function pairKey(a: string, b: string): string {
  return JSON.stringify([a, b]);
}

function finiteMetrics({ metrics }: Scope): Record<string, number | null> {
  const finite: Record<string, number | null> = {};
  for (const name of Object.keys(metrics).sort(compareCodePoints)) {
    const value = metrics[name];
    finite[name] = typeof value === "number" && Number.isFinite(value) ? value : null;
  }
  return finite;
}
