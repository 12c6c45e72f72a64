import type { EpochMs } from "@qmtl/core";
import type { Gate, Policy } from "../document/index.ts";
import { evaluate, type Scope } from "../expression/index.ts";
import { durationText, putOut, step, type Candidate } from "./candidate.ts";
import type { ExplanationStep } from "./decision.ts";

/** Judges one strategy by itself: data, sample, evidence, gates, thresholds. */
export function judge(policy: Policy, one: Candidate, decidedAtMs: EpochMs): { dataIsCurrent: boolean } {
  judgeData(policy, one, decidedAtMs);
  const dataIsCurrent = one.in;
  for (const [metric, min] of Object.entries(policy.sample)) {
    judgeBounds(one, `sample.${metric}`, metric, { min, max: undefined });
  }
  judgeEvidence(policy, one);
  if (policy.gates !== undefined) {
    const verdict = judgeGate(policy.gates, one.scope);
    one.steps.push(...verdict.steps);
    const failed = verdict.steps.find((entry) => entry.verdict === "fail");
    if (failed !== undefined) putOut(one, failed.rule, verdict.unknown);
  }
  for (const { name, metric, min, max } of policy.thresholds) {
    judgeBounds(one, `thresholds.${name}`, metric, { min, max });
  }
  return { dataIsCurrent };
}

function judgeData({ dataCurrency }: Policy, one: Candidate, decidedAtMs: EpochMs): void {
  if (dataCurrency === undefined) return;
  const { maxLagMs, minHistoryMs, barAlignment } = dataCurrency;
  const { startMs = Number.NaN, endMs = Number.NaN, barAlignment: found } = one.inputs.data ?? {};
  if (maxLagMs !== undefined) {
    const lagMs = decidedAtMs - endMs;
    const passes = lagMs <= maxLagMs;
    const reason = Number.isFinite(lagMs)
      ? `data ends ${durationText(lagMs)} ${lagMs < 0 ? "after" : "before"} the decision; at most ${durationText(maxLagMs)} is allowed`
      : "where the data ends is not known";
    step(one, { rule: "data_currency.max_lag", verdict: passes ? "pass" : "fail", reason }, true);
  }
  if (minHistoryMs !== undefined) {
    const historyMs = endMs - startMs;
    const passes = historyMs >= minHistoryMs;
    const reason = Number.isFinite(historyMs)
      ? `${durationText(historyMs)} of data; at least ${durationText(minHistoryMs)} is needed`
      : "how far the data reaches is not known";
    step(one, { rule: "data_currency.min_history", verdict: passes ? "pass" : "fail", reason }, true);
  }
  if (barAlignment !== undefined) {
    const rule = "data_currency.bar_alignment";
    if (found === undefined) step(one, { rule, verdict: "note", reason: `expected ${barAlignment}; not stated` });
    else {
      const verdict = found === barAlignment ? "pass" : "fail";
      step(one, { rule, verdict, reason: `expected ${barAlignment}; found ${found}` }, true);
    }
  }
}

function judgeBounds(
  one: Candidate,
  rule: string,
  metric: string,
  { min, max }: { readonly min: number | undefined; readonly max: number | undefined },
): void {
  const value = Object.hasOwn(one.scope.metrics, metric) ? one.scope.metrics[metric] : undefined;
  const bounds = [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])];
  const expected = bounds.join(" and ");
  if (typeof value !== "number" || !Number.isFinite(value)) {
    const reason = `${metric} is missing or not finite; ${expected} is needed`;
    step(one, { rule, verdict: "fail", reason, found: null, expected }, true);
    return;
  }
  const passes = (min === undefined || value >= min) && (max === undefined || value <= max);
  const reason = `${metric} is ${value}; ${expected} is needed`;
  step(one, { rule, verdict: passes ? "pass" : "fail", reason, found: value, expected });
}

function judgeEvidence({ evidence }: Policy, one: Candidate): void {
  const found = one.inputs.evidence ?? {};
  for (const name of evidence.required) {
    const value = found[name];
    const passes = name === "manifest" ? isHash(value) : value === "pass";
    const expected = name === "manifest" ? "the hash of a manifest" : "pass";
    const reason = `${name} is ${value === undefined ? "not shown" : `"${value}"`}; ${expected} is needed`;
    step(one, { rule: `evidence.${name}`, verdict: passes ? "pass" : "fail", reason }, true);
  }
  if (evidence.maxTrials === undefined) return;
  const { trials } = found;
  const passes = trials !== undefined && trials >= 1 && trials <= evidence.maxTrials;
  const reason = `${trials ?? "an unknown number of"} trials went into the result; at most ${evidence.maxTrials} may`;
  step(one, { rule: "evidence.max_trials", verdict: passes ? "pass" : "fail", reason }, true);
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^(blake3|sha256):[0-9a-f]{64}$/.test(value);
}

interface GateVerdict {
  readonly passes: boolean;
  /** It does not pass for want of a metric or evidence. */
  readonly unknown: boolean;
  readonly steps: readonly ExplanationStep[];
}

function judgeGate(gate: Gate, scope: Scope): GateVerdict {
  if (gate.kind === "expression") {
    const result = evaluate(gate.expression, scope);
    const passes = result.kind === "value" && result.value === true;
    const said = result.kind === "none" ? result.reason : `it is ${String(result.value)}`;
    const reason = `${gate.expression.source}: ${said}${readings(gate.expression.metrics, scope)}`;
    const entry: ExplanationStep = { rule: gate.name, verdict: passes ? "pass" : "fail", reason };
    return { passes, unknown: result.kind === "none" && result.missing, steps: [entry] };
  }
  const verdicts = gate.gates.map((inner) => judgeGate(inner, scope));
  const passes = gate.kind === "and" ? verdicts.every((one) => one.passes) : verdicts.some((one) => one.passes);
  return {
    passes,
    unknown: !passes && verdicts.some((one) => one.unknown),
    // A branch that failed beside one that passed is no failure.
    steps: verdicts.flatMap(({ steps }) => (passes ? steps.map(asNote) : steps)),
  };
}

function asNote(entry: ExplanationStep): ExplanationStep {
  return entry.verdict === "fail" ? { ...entry, verdict: "note" } : entry;
}

function readings(metrics: readonly string[], scope: Scope): string {
  const known = metrics.filter((name) => Object.hasOwn(scope.metrics, name));
  return known.length === 0 ? "" : ` (${known.map((name) => `${name} = ${String(scope.metrics[name])}`).join(", ")})`;
}
